"""The same run is asked for in another cluster, which shares the bucket."""

import pytest

import run_invariants
from api_history import JOBS
from awaiting import until
from preference_api.children import ChildStage
from preference_api.wire import STAGE_LABEL, ExitCode, TerminationMessage
from preference_operator.same_run import LEAST_PAUSE_SECONDS
from run_player import CHECKED, REUSED, VERDICT, RunPlayer

pytestmark = pytest.mark.cluster

LOST = TerminationMessage(exit_code=ExitCode.STOPPED_EARLY, reason="TrainedElsewhere")
HELD = CHECKED.model_copy(update={"check": VERDICT.model_copy(update={"elsewhere": True})})


def test_a_training_that_lost_its_run_is_checked_again_and_takes_the_result(
    player: RunPlayer,
) -> None:
    player.create()
    player.check()
    player.end(player.start(ChildStage.TRAIN), LOST)
    player.check(REUSED)
    player.await_success()
    assert player.word("Succeeded")["reason"] == "Reused"
    assert player.record.status["attempts"] == {"failures": 0, "preemptions": 0}
    run_invariants.hold(player.record)


def checks_made(player: RunPlayer) -> int:
    """How many checks there were, where nothing else was."""
    made = [one.body for one in player.record.versions(JOBS) if one.change == "ADDED"]
    stages = [body["metadata"]["labels"][STAGE_LABEL] for body in made]
    assert set(stages) == {ChildStage.CHECK}
    return len(stages)


@pytest.mark.slow
@pytest.mark.timeout(6 * LEAST_PAUSE_SECONDS)
def test_who_waits_holds_no_device_and_changes_nothing_between_its_checks(
    player: RunPlayer,
) -> None:
    player.create()
    player.check(HELD)
    player.await_word("Succeeded", "Unknown", "SameRun")
    version = player.jobs.get(player.name)["metadata"]["resourceVersion"]
    until(lambda: checks_made(player) == 2, seconds=2 * LEAST_PAUSE_SECONDS)
    again = player.await_pod(ChildStage.CHECK)
    assert player.jobs.get(player.name)["metadata"]["resourceVersion"] == version
    player.kubelet.bind(again)
    player.kubelet.start(again, address=player.address)
    player.end(again, REUSED)
    player.await_success()
    run_invariants.hold(player.record)
