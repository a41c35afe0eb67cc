"""One pass: facts, a decision, and what becomes of errors."""

import asyncio
from typing import Any

import pytest

from api_stand_in import Fault
from operator_builders import (
    CHECK,
    CHECKED,
    COMPLETE,
    TRAIN,
    TRAINED,
    UID,
    child,
    edited,
    preference_job,
)
from operator_world import KEY, World
from pod_states import failed_create
from preference_api.v1alpha1.status import Checkpoint
from preference_api.wire import LiveProgress
from preference_operator.bodies import Body, Kind
from preference_operator.cluster_errors import (
    AlreadyExists,
    ClusterError,
    Conflict,
    NotFound,
    NotLeading,
    Refused,
    Unavailable,
)
from preference_operator.diagnose import Diagnosis

CALLS = ("patch_status", "create_job")
BLOCKED = Diagnosis(reason="JobRefused", message="no", remedy="")


def reason(world: World) -> str:
    told = world.job.status.conditions or ()
    return next(one.reason for one in told if one.type == "Succeeded")


def run_through(world: World) -> None:
    """A whole run, by the operator and everybody it depends on."""
    for stage, words in ((CHECK, CHECKED), (TRAIN, TRAINED)):
        world.go_on()
        world.end(world.child(stage), 0, words)
        world.look()
    world.work()


def test_a_whole_run() -> None:
    world = World().has()
    run_through(world)
    assert (reason(world), world.job.end is not None) == ("Trained", True)
    assert world.queue.later == [(KEY, 0.0)]
    assert world.work() == []


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_is_lost_leads_to_the_same_end(call: str, lost: bool) -> None:
    world = World().has()
    world.api.faults[call] = Fault(error=Unavailable("cut"), answer_lost=lost)
    world.work()
    world.look()
    run_through(world)
    assert reason(world) == "Trained"
    assert len(world.children) == 2


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Conflict("c"), "later"),
        (AlreadyExists("a"), "later"),
        (Refused("r"), "later"),
        (Unavailable("u"), "later"),
        (Unavailable("u", retry_after=7), 7),
        (ClusterError("e"), "later"),
        (NotLeading("l"), "never"),
        (NotFound("n"), "never"),
    ],
)
def test_what_becomes_of_an_error(error: ClusterError, again: Any) -> None:
    world = World().has()
    world.api.faults["patch_status"] = Fault(error=error)
    world.work()
    assert world.queue.retried == ([KEY] if again == "later" else [])
    assert world.queue.later == ([(KEY, again)] if isinstance(again, int) else [])
    assert (world.store.preference_job(KEY) is None) is isinstance(error, NotFound)


def test_an_object_that_is_gone_is_forgotten() -> None:
    world = World().has()
    world.controller.refusals[KEY] = BLOCKED
    world.api.kept[Kind.PREFERENCE_JOBS].clear()
    world.look()
    assert world.work() == []
    assert world.controller.refusals == {}


@pytest.mark.parametrize("garbage", ["x", 7, [], {"run": {}}, {"conditions": [{"type": "x"}]}])
def test_garbage_in_the_status_is_healed(garbage: Any) -> None:
    world = World().has(preference_job(status=garbage if isinstance(garbage, dict) else {}))
    world.work()
    assert reason(world) == "Starting"
    assert world.job.status.run is not None


def refused(message: str) -> Fault:
    return Fault(error=Refused(message))


def test_a_refusal_is_told_at_once_and_its_end_too() -> None:
    world = World().has()
    world.api.faults["create_job"] = refused("no such class")
    world.work()
    assert (world.queue.added, reason(world)) == ([KEY], "Starting")
    world.api.faults["create_job"] = refused("no such class")
    world.work()
    assert (world.queue.added, reason(world)) == ([KEY], "JobRefused")
    assert (world.queue.retried, world.queue.later) == ([KEY, KEY], [(KEY, 30.0)])
    world.work()
    assert (world.queue.added, reason(world)) == ([KEY, KEY], "JobRefused")
    assert world.queue.retried == [KEY, KEY]
    world.work()
    assert (reason(world), world.controller.refusals) == ("Starting", {})


def test_a_refusal_in_other_words_every_time_is_not_asked_for_again_at_once() -> None:
    world = World().has()
    for number in range(9):
        world.api.faults["create_job"] = refused(f"request {number} denied")
        world.work()
    assert world.queue.added == [KEY]


def test_a_refusal_does_not_outlive_what_was_refused() -> None:
    world = World().has()
    world.api.faults["create_job"] = refused("no")
    world.work()
    world.api.put(Kind.PREFERENCE_JOBS, edited(world.body, suspend=True))
    world.look()
    world.work()
    assert world.controller.refusals == {}
    assert reason(world) == "Suspended"


@pytest.mark.parametrize("owner", [[], None])
def test_a_foreign_job_under_a_childs_name_is_told_and_left(owner: Any) -> None:
    world = World().has()
    foreign = child(preference_job(), CHECK)
    foreign = {**foreign, "metadata": {**foreign["metadata"], "ownerReferences": owner}}
    world.api.put(Kind.JOBS, foreign)
    world.look()
    for _pass in range(3):
        world.work()
    assert reason(world) == "NameConflict"
    assert [one["metadata"]["uid"] for one in world.children] == [foreign["metadata"]["uid"]]


def waiting(seconds: float, **changes: Any) -> World:
    """A world whose check has no pod after so many seconds."""
    world = World().has()
    world.work()
    world.api.told = [failed_create('pods "x" is forbidden: exceeded quota: gpu')]
    job = world.child(CHECK)
    metadata = {**job["metadata"], **changes.pop("metadata", {})}
    world.api.put(Kind.JOBS, {**job, **changes, "metadata": metadata})
    world.look()
    world.api.seconds = seconds
    return world


@pytest.mark.parametrize(("seconds", "asked"), [(0, False), (4, False), (5, True), (600, True)])
def test_why_a_job_has_no_pod_is_asked_after_a_while(seconds: float, asked: bool) -> None:
    world = waiting(seconds)
    assert (f"list_events {world.child(CHECK)['metadata']['uid']}" in world.work()) is asked
    assert reason(world) == ("QuotaExceeded" if asked else "Starting")


@pytest.mark.parametrize(
    "changes",
    [
        {"spec": {"suspend": True}},
        {"metadata": {"deletionTimestamp": "now"}},
        {"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "x"}]}},
    ],
)
def test_a_job_that_wants_no_pod_is_not_asked_about(changes: Body) -> None:
    assert not [call for call in waiting(600, **changes).work() if "list_events" in call]


def test_a_job_with_a_pod_is_not_asked_about() -> None:
    world = waiting(600)
    world.start(world.child(CHECK))
    world.look()
    assert not [call for call in world.work() if "list_events" in call]


@pytest.mark.parametrize("error", [Refused("no right"), Unavailable("later"), NotFound("n")])
def test_events_that_cannot_be_read_keep_nothing_from_being_done(error: ClusterError) -> None:
    world = waiting(600)
    world.api.faults["list_events"] = Fault(error=error)
    world.work()
    assert (world.queue.retried, world.store.preference_job(KEY) is None) == ([], False)


def training() -> World:
    world = World().has()
    world.work()
    world.end(world.child(CHECK), 0, CHECKED)
    world.look()
    world.go_on()
    return world


def test_what_a_pod_answers_counts_while_that_pod_runs() -> None:
    world = training()
    running = world.start(world.child(TRAIN))
    answer = LiveProgress(stage="Train", checkpoint=Checkpoint(uri="s3://b/1", step=1))
    world.controller.live = {running["metadata"]["uid"]: answer, "another": LiveProgress()}
    world.look()
    world.work()
    assert (world.job.status.state, world.body["status"]["checkpoint"]["step"]) == ("Training", 1)
    world.end(world.child(TRAIN), 75)
    world.look()
    world.work()
    second = world.start(world.child(TRAIN))
    assert second["metadata"]["uid"] != running["metadata"]["uid"]
    world.api.seconds = 60
    world.put_status(checkpoint={"uri": "s3://b/2", "step": 2})
    world.look()
    world.work()
    assert world.body["status"]["checkpoint"]["step"] == 2


def test_the_object_is_the_one_of_that_uid() -> None:
    world = World().has()
    foreign = child(preference_job(uid="another"), CHECK, COMPLETE)
    world.api.put(Kind.JOBS, foreign)
    world.look()
    assert world.store.jobs(UID) == ()
    asyncio.run(world.controller.reconcile(("team", "unknown")))
    assert world.api.calls == []
