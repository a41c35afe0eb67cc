"""Two objects that ask for the same run: one trains, the other takes its result."""

import asyncio
from typing import Any

import pytest

from operator_builders import (
    CHECK,
    CHECKED,
    COMPLETE,
    FAULT,
    RESOLVED,
    REUSED,
    TRAIN,
    at,
    case,
    child,
    edited,
    hash_of,
    pod,
    preference_job,
    written,
)
from operator_world import KEY, World
from preference_operator.bodies import Body, Kind
from preference_operator.objects import Job, read_job
from preference_operator.rivals import Other, first_of, same_run


def standing(*, name: str = "job", made: float = 0, run: Any = None, **changes: Any) -> Body:
    """An object whose check is done."""
    spec = changes.pop("spec", {})
    plain = preference_job(spec=spec)
    about = {
        "id": RESOLVED.run_id,
        "number": 1,
        "specHash": hash_of(plain),
        "stage": "Check",
        "resolved": RESOLVED.model_dump(by_alias=True, exclude_none=True),
        **(run or {}),
    }
    return preference_job(
        status={"run": about},
        spec=spec,
        name=name,
        uid=f"uid-{name}",
        creationTimestamp=at(made),
        **changes,
    )


def job(**changes: Any) -> Job:
    return read_job(standing(**changes))


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"spec": {"output": {"uri": "s3://bucket/output/"}}}, True),
        ({"namespace": "others"}, True),
        ({"spec": {"output": {"uri": "s3://bucket/elsewhere"}}}, False),
        ({"spec": {"storage": {"endpoint": "http://other:9000"}}}, False),
        ({"run": {"id": "run-2"}}, False),
        ({"run": {"specHash": "0000000000"}}, False),
        ({"name": "mine"}, False),
    ],
)
def test_same_run(changes: dict[str, Any], same: bool) -> None:
    mine, other = job(name="mine"), job(**{"name": "other", **changes})
    assert same_run(mine, other) is same


@pytest.mark.parametrize(
    ("other", "training", "comes_first"),
    [
        ({"made": -1}, False, True),
        ({"made": 1}, False, False),
        ({"made": 1}, True, True),
        ({"made": -1, "run": {"completionTime": at(5)}}, False, False),
        ({"made": -1, "spec": {"suspend": True}}, False, False),
        ({"made": -1, "spec": {"suspend": True}}, True, True),
        ({"made": -1, "deletionTimestamp": at(5)}, False, False),
        ({"made": -1, "run": {"id": "run-2"}}, True, False),
    ],
)
def test_who_comes_first(other: dict[str, Any], training: bool, comes_first: bool) -> None:
    found = first_of(job(name="mine"), [Other(job=job(name="other", **other), training=training)])
    assert (found is not None) is comes_first


def test_of_two_made_in_one_second_exactly_one_waits() -> None:
    one, two = job(name="one"), job(name="two")
    waits = [
        first_of(mine, [Other(job=other, training=False)]) is not None
        for mine, other in ((one, two), (two, one))
    ]
    assert sorted(waits) == [False, True]


def test_who_waits_makes_no_training_and_says_for_whom() -> None:
    body = standing(name="mine")
    check = (child(body, CHECK, COMPLETE), pod(child(body, CHECK), code=0, words=CHECKED))
    decided = case(body, check).plan(first=job(name="other"))
    assert decided.create is None
    assert decided.draft is not None
    assert (decided.draft.reason, decided.draft.state) == ("SameRun", "Waiting")
    assert "PreferenceJob other trains the same run" in decided.draft.message
    elsewhere = case(body, check).plan(first=job(name="other", namespace="secret"))
    assert elsewhere.draft is not None
    assert "secret" not in elsewhere.draft.message


def test_the_result_of_the_other_is_found_by_a_check() -> None:
    body = standing(name="mine")
    check = (child(body, CHECK, COMPLETE), pod(child(body, CHECK), code=0, words=CHECKED))
    waiting = written(body, case(body, check).plan(first=job(name="other")))
    looking = case(waiting, check).plan()
    assert [one.stage for one in looking.delete] == [CHECK]
    assert looking.create is None
    after = written(waiting, looking)
    asked = case(after).plan()
    assert asked.create is not None
    assert asked.create.stage is CHECK
    again = (child(body, CHECK, COMPLETE), pod(child(body, CHECK), code=0, words=REUSED))
    ended = case(written(after, asked), again).plan()
    assert ended.draft is not None
    assert (ended.draft.reason, ended.draft.state) == ("Reused", "Succeeded")


def test_suspended_while_it_waits_it_is_checked_again_once_it_is_resumed() -> None:
    body = standing(name="mine")
    check = (child(body, CHECK, COMPLETE), pod(child(body, CHECK), code=0, words=CHECKED))
    waiting = written(body, case(body, check).plan(first=job(name="other")))
    halting = case(edited(waiting, suspend=True), check).plan(first=job(name="other"))
    assert [one.stage for one in halting.delete] == [CHECK]
    halted = written(edited(waiting, suspend=True), halting)
    assert halted["status"]["state"] == "Suspended"
    assert written(halted, case(halted).plan()) == halted
    resumed = case(edited(halted, suspend=False)).plan()
    assert resumed.create is not None
    assert resumed.create.stage is CHECK


def test_where_the_other_left_no_result_the_run_is_trained() -> None:
    body = standing(name="mine")
    check = (child(body, CHECK, COMPLETE), pod(child(body, CHECK), code=0, words=CHECKED))
    waiting = written(body, case(body, check).plan(first=job(name="other")))
    after = written(waiting, case(waiting, check).plan())
    after = written(after, case(after).plan())
    decided = case(written(after, case(after, check).plan()), check).plan()
    assert decided.create is not None
    assert decided.create.stage is TRAIN


def test_of_two_whose_checks_end_together_one_trains() -> None:
    world, second = World().has(), ("team", "second")
    world.api.put(Kind.PREFERENCE_JOBS, preference_job(name="second", uid="second"))
    world.look()

    def work() -> None:
        for key in (KEY, second, KEY, second):
            asyncio.run(world.controller.reconcile(key))

    work()
    for check in world.children:
        world.end(check, 0, CHECKED)
    world.look()
    work()
    trainings = [one for one in world.children if one["metadata"]["name"].endswith(TRAIN)]
    assert len(trainings) == 1


@pytest.mark.parametrize(("known", "trainings"), [(True, 0), (False, 1)])
def test_one_in_a_namespace_that_cannot_be_read_is_not_waited_for(
    known: bool, trainings: int
) -> None:
    world = World()
    world.controller.knows = lambda key: known or key[0] != "gone"
    for body in (standing(name="mine"), standing(name="other", namespace="gone", made=-9)):
        world.api.put(Kind.PREFERENCE_JOBS, body)
    world.look()
    asyncio.run(world.controller.reconcile(("team", "mine")))
    assert len(world.children) == trainings


def test_a_training_of_its_own_is_followed() -> None:
    body = standing(name="mine")
    failed = (child(body, TRAIN, FAULT), pod(child(body, TRAIN), code=3))
    decided = case(body, failed).plan(first=job(name="other"))
    assert decided.draft is not None
    assert decided.draft.state == "Failed"
