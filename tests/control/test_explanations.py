"""When Kueue's Events are asked for, and what follows from them and from their absence."""

import pytest

from api_stand_in import Fault
from operator_builders import CHECK, CHECKED, TRAIN, preference_job
from operator_world import World
from preference_operator.bodies import Body, Kind
from preference_operator.cluster_errors import ClusterError, NotFound, Refused, Unavailable

MADE = {
    "reason": "CreatedWorkload",
    "note": "Created Workload: team/job-x-1",
    "reportingController": "batch/job-kueue-controller",
}
PENDING = {
    "reason": "Pending",
    "note": "no quota",
    "reportingController": "kueue-admission",
    "regarding": {"kind": "Workload", "name": "job-x-1"},
}


def queued(seconds: float) -> World:
    """A world whose training has waited in its queue for so many seconds."""
    world = World().has(preference_job(labels={"kueue.x-k8s.io/queue-name": "gpus"}))
    world.go_on()
    world.end(world.child(CHECK), 0, CHECKED)
    world.look()
    world.go_on()
    world.look()
    world.api.seconds += seconds
    return world


def admitted(world: World) -> tuple[str, str]:
    """Reason and message of condition Admitted after another pass."""
    world.work()
    [word] = [one for one in world.job.status.conditions or () if one.type == "Admitted"]
    return word.reason, word.message


def asked(world: World) -> list[str]:
    """The lists of Events that a pass asks for."""
    return [call.partition(" ")[0] for call in world.work() if "_events" in call]


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(4, "Queued"), (59, "Queued"), (60, "QueueSilent"), (3599, "QueueSilent"), (3600, "Queued")],
)
def test_nobody_admits_it_where_kueue_never_said_a_word(seconds: float, reason: str) -> None:
    assert admitted(queued(seconds))[0] == reason


@pytest.mark.parametrize(("seconds", "lists"), [(4, []), (5, ["list_events"])])
def test_events_are_asked_for_after_a_while(seconds: float, lists: list[str]) -> None:
    assert asked(queued(seconds)) == lists


def test_the_events_of_its_workload_are_told() -> None:
    world = queued(600)
    world.api.told, world.api.told_of_workload = [MADE], [PENDING]
    assert admitted(world) == (
        "Queued",
        "Kueue about Workload job-x-1: no quota. Wait, or see kubectl describe workload.",
    )
    assert asked(world) == ["list_events", "list_workload_events"]


@pytest.mark.parametrize("error", [Refused("no right"), Unavailable("later"), NotFound("n")])
@pytest.mark.parametrize("call", ["list_events", "list_workload_events"])
def test_events_that_cannot_be_read_keep_nothing_from_being_done(
    call: str, error: ClusterError
) -> None:
    world = queued(30)
    world.api.told = [MADE]
    world.api.faults[call] = Fault(error=error)
    assert admitted(world)[0] == "Queued"
    assert world.queue.retried == []


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"deletionTimestamp": "now"}},
        {"metadata": {"labels": {}}},
        {"spec": {"suspend": False}},
        {"status": {"conditions": [{"type": "Failed", "status": "True"}]}},
    ],
)
def test_a_job_that_no_queue_holds_back_has_no_workload_to_ask_about(changes: Body) -> None:
    world = queued(600)
    world.api.told = [MADE]
    job = world.child(TRAIN)
    metadata = {**job["metadata"], **changes.get("metadata", {})}
    world.api.put(Kind.JOBS, {**job, **changes, "metadata": metadata})
    world.look()
    assert "list_workload_events" not in asked(world)
