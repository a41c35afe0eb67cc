"""Comparing what the watches told with what the API server lists."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api_stand_in import ApiStandIn, Fault
from operator_builders import TRAIN, child, pod, preference_job
from preference_operator.bodies import Body, Kind
from preference_operator.cluster import Reference
from preference_operator.cluster_errors import Refused, Unavailable
from preference_operator.objects import Key
from preference_operator.reach import Reach
from preference_operator.resync import Resync
from preference_operator.store import Store

JOB = preference_job()
TRAINING = child(JOB, TRAIN)
POD = pod(TRAINING)
OBJECTS = ((Kind.PREFERENCE_JOBS, JOB), (Kind.JOBS, TRAINING), (Kind.PODS, POD))
KEY = ("team", "job")


class Comparison:
    """An API server and a store that know the same objects."""

    def __init__(self, api: ApiStandIn | None = None, **settings: Any) -> None:
        self.api, self.store, self.changed = api or ApiStandIn(), Store(), list[Key]()
        self.reached = list[None]()
        for kind, body in OBJECTS:
            self.api.put(kind, body)
        self.api.tell(self.store)
        self.resync = Resync(
            cluster=self.api,
            store=self.store,
            reach=Reach(**settings),
            reached=lambda: self.reached.append(None),
            changed=self.changed.append,
            settling=0,
        )

    def behind(self) -> frozenset[str]:
        return asyncio.run(self.resync.behind())


def uid(body: Body) -> str:
    return str(body["metadata"]["uid"])


def test_a_store_that_knows_everything() -> None:
    same = Comparison()
    assert same.behind() == frozenset()
    assert same.changed == []
    assert same.store.preference_job(KEY) is not None


@pytest.mark.parametrize(("kind", "body"), OBJECTS)
def test_what_is_gone_is_dropped_and_told(kind: Kind, body: Body) -> None:
    other = Comparison()
    del other.api.kept[kind][body["metadata"]["namespace"], body["metadata"]["name"]]
    assert other.behind() == frozenset()
    assert other.changed == [KEY]
    assert uid(body) not in other.store.uids(kind)


@pytest.mark.parametrize(("kind", "body"), OBJECTS)
def test_what_changed_or_came_unnoticed_is_named(kind: Kind, body: Body) -> None:
    other = Comparison()
    other.api.put(kind, body)
    assert other.behind() == {uid(body)}
    second = {**body, "metadata": {**body["metadata"], "uid": "second", "name": "second"}}
    other.api.put(kind, second)
    assert other.behind() == {uid(body), "second"}
    other.api.tell(other.store)
    assert other.behind() == frozenset()
    assert other.changed == []


def test_a_list_that_cannot_be_read() -> None:
    other = Comparison()
    other.api.faults["list_metadata"] = Fault(error=Unavailable("later"))
    with pytest.raises(Unavailable):
        other.behind()
    assert other.store.preference_job(KEY) is not None


@pytest.mark.parametrize(
    ("namespaces", "gone"),
    [((), False), (("team",), False), (("a", "team"), False), (("a",), True)],
)
def test_only_the_namespaces_that_are_watched_are_listed(
    namespaces: tuple[str, ...], gone: bool
) -> None:
    other = Comparison(namespaces=namespaces)
    other.behind()
    assert (other.store.preference_job(KEY) is None) is gone


class Refusing(ApiStandIn):
    """Some namespaces may not be listed."""

    refused: tuple[str, ...] = ()

    async def list_metadata(
        self, kind: str, namespace: str | None, label_selector: str
    ) -> tuple[str, list[Reference]]:
        if namespace in self.refused:
            raise Refused("forbidden")
        return await super().list_metadata(kind, namespace, label_selector)


def test_a_namespace_that_cannot_be_listed_stops_no_other() -> None:
    other = Comparison(Refusing(), namespaces=("a", "team"))
    other.api.refused = ("team",)
    assert other.behind() == frozenset()
    assert (other.resync.reach.readable, len(other.reached)) == (("a",), 1)
    assert not other.resync.reach.knows(KEY)
    assert other.resync.reach.knows(("a", "job"))
    # Nothing says that it is gone.
    assert other.store.preference_job(KEY) is not None
    assert other.behind() == frozenset()
    assert len(other.reached) == 1


def test_a_namespace_that_can_be_listed_again_is_known_once_it_is_whole() -> None:
    other = Comparison(Refusing(), namespaces=("a", "team"))
    other.api.refused = ("team",)
    other.behind()
    other.resync.reach.complete()
    assert not other.resync.reach.knows(KEY)
    other.api.refused = ()
    other.api.put(Kind.JOBS, TRAINING)
    assert other.behind() == {uid(TRAINING)}
    assert (other.resync.reach.readable, len(other.reached)) == (("a", "team"), 2)
    assert not other.resync.reach.knows(KEY)
    other.api.tell(other.store)
    assert other.behind() == frozenset()
    other.resync.reach.complete()
    assert other.resync.reach.knows(KEY)


@pytest.mark.parametrize("namespaces", [("team",), ("a", "team")])
def test_where_none_can_be_listed_the_list_fails(namespaces: tuple[str, ...]) -> None:
    other = Comparison(Refusing(), namespaces=namespaces)
    other.api.refused = namespaces
    with pytest.raises(Refused):
        other.behind()
    assert other.resync.reach.knows(KEY)


class Late(ApiStandIn):
    """Something is made while its kind is listed, and the list does not have it yet."""

    made: Any = None

    async def list_metadata(
        self, kind: str, namespace: str | None, label_selector: str
    ) -> tuple[str, list[Reference]]:
        listed = await super().list_metadata(kind, namespace, label_selector)
        if kind == Kind.JOBS:
            self.made()
        return listed


def test_what_is_made_while_it_is_listed_stays() -> None:
    other = Comparison(Late())
    second = {**TRAINING, "metadata": {**TRAINING["metadata"], "uid": "second"}}
    other.api.made = lambda: other.store.put(Kind.JOBS, second)
    assert other.behind() == frozenset()
    assert "second" in other.store.uids(Kind.JOBS)


@pytest.mark.parametrize(
    "told",
    [
        lambda other: other.api.tell(other.store),
        lambda other: other.store.drop(Kind.JOBS, uid(TRAINING), version=10**9),
    ],
)
def test_it_waits_until_the_watch_has_told_what_was_listed(
    told: Callable[[Comparison], object],
) -> None:
    other = Comparison()
    other.api.put(Kind.JOBS, TRAINING)

    async def settle() -> frozenset[str]:
        waiting = asyncio.create_task(replace(other.resync, settling=600).behind())
        while len(other.api.calls) < len(Kind):
            await asyncio.sleep(0)
        told(other)
        async with asyncio.timeout(30):
            return await waiting

    assert asyncio.run(settle()) == frozenset()
