"""Attempts that fail: what counts, what ends the run, and what the user is told."""

from collections import Counter
from collections.abc import Callable

import pytest

import run_invariants
from api_history import EVENTS, JOBS, PODS, Body
from preference_api.children import ChildStage
from preference_api.wire import ExitCode, TerminationMessage
from preference_operator.diagnose.failures import AGAIN
from run_player import SAVED, STOPPED, TRAINED, RunPlayer

pytestmark = pytest.mark.cluster

REFUSALS = (
    ExitCode.BAD_CONFIGURATION,
    ExitCode.BAD_DATA,
    ExitCode.STORAGE_REFUSED,
    ExitCode.DIVERGED,
)
CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN


def reasons(player: RunPlayer) -> Counter[str]:
    """How often which reason was told by an Event."""
    return Counter(version.body["reason"] for version in player.record.versions(EVENTS))


def begin(player: RunPlayer, stage: ChildStage, **spec: object) -> None:
    """Bring a run to where the pod of a stage is asked for."""
    player.create(**spec)
    if stage is TRAIN:
        player.check()


@pytest.mark.parametrize("stage", [ChildStage.CHECK, ChildStage.TRAIN])
@pytest.mark.parametrize("code", REFUSALS)
def test_a_fault_of_the_users_ends_the_run_in_the_trainers_words(
    player: RunPlayer, stage: ChildStage, code: ExitCode
) -> None:
    begin(player, stage)
    said = TerminationMessage(
        exit_code=code, reason="Word", message="row 7 is empty", remedy="Fill row 7."
    )
    player.end(player.start(stage), said)
    player.await_word("Succeeded", "False")
    word = player.word("Succeeded")
    assert word["message"] == f"Row 7 is empty. Fill row 7. {AGAIN}"
    assert player.word("Stalled")["message"] == player.word("Ready")["message"] == word["message"]
    assert (player.word("DataReady")["status"] == "False") is (stage is CHECK)
    player.record.until(lambda: reasons(player)["Word"] == 1)
    assert set(reasons(player)) <= {"Checking", "Training", "Word"}
    assert player.record.status["attempts"] == {"failures": 1, "preemptions": 0}
    run_invariants.hold_of_one_run(player.record)


def test_out_of_memory_is_told_and_tried_again(player: RunPlayer) -> None:
    begin(player, TRAIN)
    player.kubelet.run_out_of_memory(player.start(TRAIN))
    player.await_word("Running", "False", "Retrying")
    message = player.word("Running")["message"]
    assert "needed more than the node has. Raise spec.resources.memory" in message
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()
    assert player.record.status["attempts"] == {"failures": 1, "preemptions": 0}
    run_invariants.hold_of_one_run(player.record)


def test_out_of_memory_too_often_ends_the_run(player: RunPlayer) -> None:
    begin(player, TRAIN, restarts={"failures": 1})
    for _attempt in range(2):
        player.kubelet.run_out_of_memory(player.start(TRAIN))
    player.await_word("Succeeded", "False")
    word = player.word("Succeeded")
    assert word["reason"] == "BackoffLimitExceeded"
    assert "2 failed attempts, the last one OOMKilled" in word["message"]
    assert "spec.resources.memory" in word["message"]
    assert player.record.status["attempts"] == {"failures": 2, "preemptions": 0}
    player.record.until(lambda: reasons(player)["BackoffLimitExceeded"] == 1)
    assert reasons(player)["Retrying"] == 1
    run_invariants.hold_of_one_run(player.record)


def by_the_api(player: RunPlayer, pod: Body) -> None:
    player.kubelet.evict(pod)
    player.stop(pod)


def by_its_node(player: RunPlayer, pod: Body) -> None:
    player.kubelet.finish(pod, 137, disrupted="TerminationByKubelet")


@pytest.mark.parametrize("evict", [by_the_api, by_its_node])
def test_evicted_it_goes_on(player: RunPlayer, evict: Callable[[RunPlayer, Body], None]) -> None:
    begin(player, TRAIN)
    evict(player, player.train())
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()
    assert player.record.status["checkpoint"] == SAVED.model_dump()
    assert player.record.status["attempts"] == {"failures": 0, "preemptions": 1}
    assert len({version.uid for version in player.record.versions(JOBS)}) == 2


def test_a_run_that_is_preempted_again_and_again_goes_on(player: RunPlayer) -> None:
    """A fresh Job is made now and then, for the Job controller would wait ever longer."""
    begin(player, TRAIN)
    for _preemption in range(5):
        player.end(player.start(TRAIN), STOPPED)
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()
    assert player.record.status["attempts"] == {"failures": 0, "preemptions": 5}
    assert len({version.uid for version in player.record.versions(PODS)}) == 7
    run_invariants.hold(player.record)
