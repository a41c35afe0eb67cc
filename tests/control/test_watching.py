"""The watches, on a real API server."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from awaiting import until
from cluster_calls import new_namespace
from control_plane import ControlPlane
from operator_builders import SPEC, TRAIN, child, hash_of, pod
from preference_api.v1alpha1 import API_VERSION, KIND
from preference_api.wire import JOB_UID_LABEL
from preference_operator.bodies import Body, Kind
from preference_operator.objects import Key
from preference_operator.reach import Reach
from preference_operator.settings import Settings
from preference_operator.store import Store
from preference_operator.watching import PREFIX, Watches, kopf_settings

pytestmark = pytest.mark.cluster
PATHS = {
    Kind.PREFERENCE_JOBS: "/apis/preference.dev/v1alpha1/namespaces/{}/preferencejobs",
    Kind.JOBS: "/apis/batch/v1/namespaces/{}/jobs",
    Kind.PODS: "/api/v1/namespaces/{}/pods",
}
KINDS = {Kind.PREFERENCE_JOBS: {"apiVersion": API_VERSION, "kind": KIND}}


class Place:
    """A namespace, and what the watches told of it."""

    def __init__(self, plane: ControlPlane, namespaces: tuple[str, ...] = ()) -> None:
        self.plane, self.namespace = plane, new_namespace(plane)
        account = {"metadata": {"name": "default"}}
        plane.request("POST", f"/api/v1/namespaces/{self.namespace}/serviceaccounts", account)
        self.store, self.changed = Store(), list[Key]()
        kubeconfig = str(plane.kubeconfig)
        settings = Settings(kubeconfig=kubeconfig, namespaces=namespaces or (self.namespace,))
        self.watches = Watches(
            store=self.store,
            settings=settings,
            changed=self.changed.append,
            reach=Reach(settings.namespaces),
        )
        self.key = (self.namespace, "job")

    def make(self, kind: Kind, body: Body) -> Any:
        dropped = ("uid", "resourceVersion", "creationTimestamp", "generation")
        metadata = {name: value for name, value in body["metadata"].items() if name not in dropped}
        metadata["namespace"] = self.namespace
        path = PATHS[kind].format(self.namespace)
        sent = {**KINDS.get(kind, {}), "metadata": metadata, "spec": body["spec"]}
        code, answer = self.plane.request("POST", path, sent)
        assert code == 201, answer
        return answer

    def preference_job(self) -> Any:
        return self.make(Kind.PREFERENCE_JOBS, {"metadata": {"name": "job"}, "spec": SPEC})

    def remove(self, kind: Kind, body: Body) -> None:
        path = PATHS[kind].format(self.namespace)
        name, query = body["metadata"]["name"], "propagationPolicy=Background&gracePeriodSeconds=0"
        assert self.plane.request("DELETE", f"{path}/{name}?{query}")[0] == 200

    def watched(self, steps: Callable[[], None]) -> None:
        """Take steps while the watches run."""

        async def watch() -> None:
            running = asyncio.create_task(self.watches.run())
            try:
                await asyncio.to_thread(steps)
                assert not running.done()
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

        asyncio.run(watch())

    def knows(self, kind: Kind, body: Body) -> bool:
        return body["metadata"]["uid"] in self.store.uids(kind)


@pytest.fixture(autouse=True)
def kubeconfig(api_server: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(api_server.kubeconfig))


@pytest.fixture
def place(api_server: ControlPlane) -> Place:
    return Place(api_server)


def test_what_stands_and_what_comes_and_goes_is_told(place: Place) -> None:
    body = place.preference_job()
    training = child(body, TRAIN)
    container = {"name": "trainer", "image": "x"}

    def steps() -> None:
        until(lambda: place.key in place.changed)
        assert place.knows(Kind.PREFERENCE_JOBS, body)
        place.changed.clear()
        job = place.make(Kind.JOBS, training)
        until(lambda: place.knows(Kind.JOBS, job) and place.key in place.changed)
        assert [one["metadata"]["uid"] for one in place.store.jobs(body["metadata"]["uid"])] == [
            job["metadata"]["uid"]
        ]
        place.changed.clear()
        running = {**pod(job), "spec": {"containers": [container]}}
        running = place.make(Kind.PODS, running)
        until(lambda: place.knows(Kind.PODS, running) and place.key in place.changed)
        for kind, one in (
            (Kind.PODS, running),
            (Kind.JOBS, job),
            (Kind.PREFERENCE_JOBS, body),
        ):
            place.changed.clear()
            place.remove(kind, one)
            until(lambda kind=kind, one=one: not place.knows(kind, one))
            until(lambda: place.key in place.changed)

    place.watched(steps)


def test_jobs_without_the_label_are_not_sent_until_they_have_it(place: Place) -> None:
    body = place.preference_job()
    training = child(body, TRAIN)
    labels = training["metadata"]["labels"]
    # A Job without any label gets those of its pods from the API server.
    bare = {**training, "metadata": {**training["metadata"], "labels": {"other": "x"}}}
    job = place.make(Kind.JOBS, bare)
    path = f"{PATHS[Kind.JOBS].format(place.namespace)}/{job['metadata']['name']}"

    def label(labels: Body) -> None:
        code, current = place.plane.request("GET", path)
        current["metadata"]["labels"] = labels
        code, answer = place.plane.request("PUT", path, current)
        assert code == 200, answer

    def steps() -> None:
        until(lambda: place.key in place.changed)
        assert not place.knows(Kind.JOBS, job)
        for wanted in (labels, {"other": "x"}, labels):
            label(wanted)
            until(lambda wanted=wanted: place.knows(Kind.JOBS, job) is (wanted == labels))

    place.watched(steps)


def test_other_namespaces_are_not_watched(api_server: ControlPlane, place: Place) -> None:
    foreign = Place(api_server)
    foreign_body, body = foreign.preference_job(), place.preference_job()

    def steps() -> None:
        until(lambda: place.knows(Kind.PREFERENCE_JOBS, body))
        assert not place.knows(Kind.PREFERENCE_JOBS, foreign_body)

    place.watched(steps)


def test_a_restart_tells_everything_again(place: Place) -> None:
    body = place.preference_job()

    def steps() -> None:
        until(lambda: place.knows(Kind.PREFERENCE_JOBS, body))
        place.changed.clear()
        place.watches.restart()
        until(lambda: place.key in place.changed)

    place.watched(steps)


def test_watching_writes_nothing(place: Place) -> None:
    body = place.preference_job()
    path = f"{PATHS[Kind.PREFERENCE_JOBS].format(place.namespace)}/job"

    def steps() -> None:
        until(lambda: place.key in place.changed)
        body["spec"]["suspend"] = True
        code, edited = place.plane.request("PUT", path, body)
        assert code == 200, edited
        version = int(edited["metadata"]["resourceVersion"])
        uid = edited["metadata"]["uid"]
        until(lambda: place.store.version(Kind.PREFERENCE_JOBS, uid) == version)

    place.watched(steps)
    _code, after = place.plane.request("GET", path)
    assert "annotations" not in after["metadata"]
    assert "finalizers" not in after["metadata"]
    assert hash_of(after) == hash_of(body)


def test_kopf_posts_nothing_and_selects_at_the_server() -> None:
    options = kopf_settings(Settings(watch_seconds=70))
    assert options.posting.enabled is False
    assert options.persistence.finalizer.startswith(PREFIX)
    assert options.watching.inactivity_timeout == 70
    selected = {place.any_name: label for place, label in options.watching.label_selectors.items()}
    assert selected == {"jobs": JOB_UID_LABEL, "pods": JOB_UID_LABEL}
