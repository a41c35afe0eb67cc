"""`preference retrain` before the operator's real process: another run, and what becomes of one."""

import pytest

import run_invariants
from api_history import JOBS
from preference_api.children import ChildStage
from preference_api.wire import STAGE_LABEL
from preference_cli.__main__ import main
from run_player import CHECKED, TRAINED, RunPlayer

pytestmark = pytest.mark.cluster

CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN


def retrain(player: RunPlayer) -> None:
    options = ("--kubeconfig", str(player.plane.kubeconfig), "-n", player.namespace)
    assert main(["retrain", player.name, *options]) == 0


def made(player: RunPlayer) -> list[str]:
    """Stages of all Jobs that were ever made, in order."""
    versions = player.record.versions(JOBS)
    return [
        one.body["metadata"]["labels"][STAGE_LABEL] for one in versions if one.change == "ADDED"
    ]


def finish(player: RunPlayer) -> None:
    """Let the run that stands now be checked and trained."""
    player.check(CHECKED)
    player.end(player.start(TRAIN), TRAINED)


def test_a_finished_one_is_checked_and_trained_again(player: RunPlayer) -> None:
    player.create()
    finish(player)
    player.await_success()
    for number in (2, 3):
        retrain(player)
        finish(player)
        player.record.until(lambda number=number: _ended(player, number))
    assert made(player) == [CHECK, TRAIN] * 3
    assert [entry["number"] for entry in player.record.status["history"]] == [3, 2, 1]
    run_invariants.hold(player.record)


def test_with_forbid_a_training_ends_before_the_next_begins(player: RunPlayer) -> None:
    player.create(retrain={"concurrency": "Forbid"})
    player.check(CHECKED)
    pod = player.start(TRAIN)
    retrain(player)
    player.end(pod, TRAINED)
    finish(player)
    player.record.until(lambda: _ended(player, 2))
    assert made(player) == [CHECK, TRAIN, CHECK, TRAIN]
    run_invariants.hold(player.record)


def test_with_replace_a_training_is_stopped(player: RunPlayer) -> None:
    player.create()
    player.check(CHECKED)
    pod = player.start(TRAIN)
    retrain(player)
    player.stop(pod)
    finish(player)
    player.record.until(lambda: _ended(player, 2))
    history = player.record.status["history"]
    assert [entry["number"] for entry in history] == [2]
    run_invariants.hold(player.record)


def _ended(player: RunPlayer, number: int) -> bool:
    run = player.record.status["run"]
    return run["number"] == number and "completionTime" in run
