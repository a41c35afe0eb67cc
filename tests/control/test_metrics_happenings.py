"""What is counted of a run: each happening once, by the write that tells it."""

from collections.abc import Callable

import pytest

from api_stand_in import Fault
from operator_builders import CHECK, CHECKED, REUSED, TRAIN, TRAINED, conditions, preference_job
from operator_world import KEY, World
from pod_states import said
from preference_api.wire import ExitCode, LiveProgress
from preference_operator.bodies import Kind
from preference_operator.cluster_errors import Conflict, NotLeading, Refused, Unavailable
from scrapes import Scrape, told

JOB = {"namespace": "team", "preferencejob": "job"}
ATTEMPTS = "preference_job_attempts_total"
RUNS = "preference_job_duration_seconds"
WAITS = "preference_job_queue_duration_seconds"
NOT_FINITE = said(ExitCode.DIVERGED, reason="LossNonFinite", message="step 7", remedy="Lower it.")
"""The last word of a pod."""
RESTARTS = {"failures": 1, "preemptions": 9}


def counted(world: World) -> Scrape:
    """What stands in the metrics of a world's operator."""
    return told(world.controller.actor.metrics, world.store.figures())


def attempts(world: World) -> dict[str, float]:
    """Attempts of the object by their reason."""
    return counted(world).values(ATTEMPTS, "reason")


def look(world: World, passes: int = 1) -> None:
    """Have the operator see everything, and be done with it."""
    world.look()
    for _pass in range(passes):
        world.go_on()


def training(*, checked: Callable[[World], None] = look) -> World:
    """A world whose object trains; `checked` happens after the check."""
    world = World().has(preference_job(spec={"restarts": RESTARTS}))
    world.go_on()
    world.api.seconds = 20
    world.start(world.child(CHECK))
    look(world)
    world.end(world.child(CHECK), 0, CHECKED)
    look(world, 2)
    checked(world)
    world.api.seconds = 50
    world.start(world.child(TRAIN))
    look(world)
    return world


def test_a_run_and_its_waits_are_measured() -> None:
    world = training()
    world.api.seconds = 3600
    world.end(world.child(TRAIN), 0, TRAINED)
    look(world, 3)
    found = counted(world)
    assert found.value(f"{RUNS}_count", method="DPO", result="Trained") == 1
    assert found.value(f"{RUNS}_sum", method="DPO", result="Trained") == 3600
    assert found.values(f"{WAITS}_count", "stage") == {"check": 1, "train": 1}
    assert found.value(f"{WAITS}_sum", stage="check") == 20
    assert attempts(world) == {}


def test_a_result_that_is_used_again_is_no_training() -> None:
    world = World().has()
    world.go_on()
    world.end(world.child(CHECK), 0, REUSED)
    look(world, 3)
    assert counted(world).values(f"{RUNS}_count", "result") == {"Reused": 1}


def end(code: int, words: str = "") -> Callable[[World], None]:
    """Have the training pod end."""
    return lambda world: world.end(world.child(TRAIN), code, words)


def refuse(code: int, words: str = "") -> Callable[[World], None]:
    """Have the training pod end by a fault of the user's, and its Job with it."""

    def happen(world: World) -> None:
        end(code, words)(world)
        job = world.child(TRAIN)
        world.api.put(Kind.JOBS, {**job, "status": {**job["status"], "failed": 1}})

    return happen


def live(world: World) -> None:
    """Have the training pod tell that it trains."""
    uid = world.start(world.child(TRAIN))["metadata"]["uid"]
    world.controller.live = {uid: LiveProgress(stage="Train")}


def evict(world: World) -> None:
    """Have the training pod be evicted, and gone before it is seen."""
    end(75)(world)
    world.lose_pods(world.child(TRAIN))


def replace(world: World) -> None:
    """Have the training pod be evicted, and another one run before that is seen."""
    evict(world)
    world.start(world.child(TRAIN))


@pytest.mark.parametrize(
    ("happens", "expected", "runs"),
    [
        (end(75), {"StoppedEarly": 1}, {}),
        (end(137), {"Killed": 1}, {}),
        (end(5), {"StorageUnavailable": 1}, {}),
        (refuse(ExitCode.DIVERGED, NOT_FINITE), {"LossNonFinite": 1}, {"Failed": 1}),
        (refuse(2), {"BadConfiguration": 1}, {"Failed": 1}),
        (replace, {"Unknown": 1}, {}),
    ],
)
def test_an_attempt_is_counted_once_by_its_reason(
    happens: Callable[[World], None], expected: dict[str, float], runs: dict[str, float]
) -> None:
    world = training()
    happens(world)
    look(world, 4)
    assert attempts(world) == expected
    assert counted(world).values(f"{RUNS}_count", "result") == runs


@pytest.mark.parametrize("moment", ["2026-01-02T02:00:00", None])
def test_a_start_that_somebody_wrote_is_not_measured_and_stops_nothing(moment: str | None) -> None:
    world = training()
    world.put_status(run={**world.body["status"]["run"], "startTime": moment})
    end(0, TRAINED)(world)
    look(world, 3)
    assert world.body["status"]["state"] == "Succeeded"
    assert counted(world).values(f"{RUNS}_count", "result") == {}


@pytest.mark.parametrize(
    ("happens", "preemptions"), [(end(75), 1), (end(137), 0), (evict, 1), (live, 0)]
)
def test_only_the_first_pod_that_runs_waited_in_the_queue(
    happens: Callable[[World], None], preemptions: int
) -> None:
    world = training()
    happens(world)
    look(world, 2)
    world.start(world.child(TRAIN))
    look(world, 2)
    assert conditions(world.body)["Running"]["status"] == "True"
    assert counted(world).values(f"{WAITS}_count", "stage") == {"check": 1, "train": 1}
    assert counted(world).value("preference_job_preemptions_total", **JOB) == preemptions


def test_a_check_that_is_over_does_not_run_though_its_pod_is_gone() -> None:
    world = training(checked=lambda world: world.lose_pods(world.child(CHECK)))
    assert counted(world).values(f"{WAITS}_count", "stage") == {"check": 1, "train": 1}


def test_each_attempt_is_counted_by_its_own_reason() -> None:
    world = training()
    for code in (75, 137):
        end(code)(world)
        look(world, 2)
        world.start(world.child(TRAIN))
        look(world, 2)
    assert attempts(world) == {"StoppedEarly": 1, "Killed": 1}


def test_the_end_is_counted_once_though_its_status_is_written_again() -> None:
    world = training()
    end(0, TRAINED)(world)
    look(world, 3)
    world.put_status(state="Mine")
    look(world)
    assert world.body["status"]["state"] == "Succeeded"
    assert counted(world).values(f"{RUNS}_count", "result") == {"Trained": 1}


@pytest.mark.parametrize("lost", [False, True])
def test_what_was_not_written_is_not_counted(lost: bool) -> None:
    world = training()
    end(75)(world)
    world.look()
    world.api.faults["patch_status"] = Fault(error=Unavailable("later"), answer_lost=lost)
    world.work()
    assert attempts(world) == {}
    look(world, 2)
    # Where only the answer was lost, the next pass finds it written, and by whom is not known.
    assert attempts(world) == ({} if lost else {"StoppedEarly": 1})


def test_counts_go_with_the_object_and_begin_anew_with_another_of_its_name() -> None:
    world = training()
    end(75)(world)
    look(world)
    metrics = world.controller.actor.metrics
    del world.api.kept[Kind.PREFERENCE_JOBS][KEY]
    world.store.drop(Kind.PREFERENCE_JOBS, world_uid())
    assert counted(world).about(**JOB) == set()
    world.has(preference_job(uid="another", resourceVersion="900"))
    assert attempts(world) == {}
    assert counted(world).about(**JOB) >= {"preference_job_info", "preference_job_state"}
    world.store.drop(Kind.PREFERENCE_JOBS, "another")
    world.work()
    assert len(metrics.attempts) == 0


def world_uid() -> str:
    """The uid of the object of every world."""
    return str(preference_job()["metadata"]["uid"])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Conflict("changed"), "Conflict"),
        (Unavailable("later"), "Unavailable"),
        (Refused("no"), "Refused"),
        (NotLeading("lost"), "NotLeading"),
        (ValueError("garbage"), "Unexpected"),
    ],
)
def test_a_pass_that_fails_is_counted_by_its_reason(error: Exception, reason: str) -> None:
    world = World().has()
    world.api.faults["patch_status"] = Fault(error=error)  # type: ignore[arg-type]
    if isinstance(error, ValueError):
        with pytest.raises(ValueError, match="garbage"):
            world.work()
    else:
        world.work()
    found = counted(world)
    failures = found.values("preference_reconcile_errors_total", "reason")
    assert {name: count for name, count in failures.items() if count} == {reason: 1}
    assert found.values("preference_reconcile_total", "result") == {"done": 0, "failed": 1}
    world.work()
    assert counted(world).values("preference_reconcile_total", "result") == {"done": 1, "failed": 1}
    assert counted(world).value("preference_reconcile_duration_seconds_count") == 2


def test_events_are_counted_as_they_are_posted() -> None:
    world = training()
    posted = len([call for call in world.api.calls if call.startswith("create_event")])
    assert posted == counted(world).value("preference_events_posted_total") == 2
