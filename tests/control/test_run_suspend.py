"""Suspending and resuming: the pod saves, the device is free, and the run goes on from there."""

import pytest

import run_invariants
from api_history import JOBS
from preference_api.children import ChildStage
from run_player import CHECKED, SAVED, TRAINED, RunPlayer

pytestmark = pytest.mark.cluster

CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN


def finish(player: RunPlayer) -> None:
    """See a run through whose training pod has still to start."""
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()


def test_suspended_from_the_start_nothing_is_made(player: RunPlayer) -> None:
    player.create(suspend=True)
    player.await_word("Suspended", "True")
    assert player.record.status["state"] == "Suspended"
    assert player.word("Succeeded")["status"] == "Unknown"
    assert player.word("Reconciling") == {}
    assert player.record.versions(JOBS) == []
    player.jobs.edit(suspend=False)
    player.check()
    finish(player)
    assert player.word("Suspended")["status"] == "False"
    run_invariants.hold_of_one_run(player.record)


def test_suspended_amid_training_the_pod_saves_and_another_goes_on(player: RunPlayer) -> None:
    player.create(restarts={"failures": 2})
    player.check()
    player.kubelet.run_out_of_memory(player.start(TRAIN))
    pod = player.train()
    player.jobs.edit(suspend=True)
    player.await_word("Succeeded", "Unknown", "Suspending")
    assert player.word("Suspended")["status"] == "False"
    player.stop(pod)
    player.await_word("Suspended", "True")
    assert player.word("Running")["status"] == "False"
    assert [job for job in player.record.current(JOBS) if live(job)] == []
    player.jobs.edit(suspend=False)
    finish(player)
    assert player.record.status["checkpoint"] == SAVED.model_dump()
    assert player.record.status["attempts"] == {"failures": 1, "preemptions": 0}
    assert player.record.status["run"]["number"] == 1
    [train] = [
        job for job in player.record.current(JOBS) if job["metadata"]["name"].endswith(TRAIN)
    ]
    assert train["spec"]["backoffLimitPerIndex"] == 1


def live(job: dict) -> bool:
    return not job["status"].get("conditions")


def test_resumed_before_the_pod_has_ended_the_next_one_waits_for_it(player: RunPlayer) -> None:
    player.create()
    player.check()
    pod = player.train()
    player.jobs.edit(suspend=True)
    player.await_word("Succeeded", "Unknown", "Suspending")
    player.jobs.edit(suspend=False)
    player.await_word("Succeeded", "Unknown", "Waiting")
    player.stop(pod)
    finish(player)


def test_suspended_amid_the_check_it_is_checked_again(player: RunPlayer) -> None:
    player.create()
    pod = player.start(CHECK)
    player.jobs.edit(suspend=True)
    player.await_word("Succeeded", "Unknown", "Suspending")
    player.end(pod, CHECKED)
    player.kubelet.remove(pod)
    player.await_word("Suspended", "True")
    player.jobs.edit(suspend=False)
    player.check()
    finish(player)


def test_a_finished_run_stays_finished_when_suspended(player: RunPlayer) -> None:
    player.play()
    player.jobs.edit(suspend=True)
    player.record.until(lambda: player.record.status["observedGeneration"] == 2)
    assert player.word("Succeeded")["status"] == "True"
    assert player.word("Suspended")["status"] == "False"
    assert player.record.status["state"] == "Succeeded"
    run_invariants.hold_of_one_run(player.record)
