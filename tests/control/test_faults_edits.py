"""A PreferenceJob is deleted and made again, or edited, while it runs."""

import pytest

import run_invariants
from api_history import JOBS, PREFERENCE_JOBS, Record
from pods import run_document
from preference_api.children import ChildStage
from run_player import STOPPED, TRAINED, RunPlayer

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN


def finish(player: RunPlayer) -> None:
    """See a run through whose training pod has still to start."""
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()


def one_live_training(*records: Record) -> None:
    """Assert that objects of one name never trained at the same time."""
    together = Record()
    for version in (version for record in records for version in record.versions()):
        together.add(version)
    run_invariants.one_live_training(together)


def observed(player: RunPlayer) -> int:
    """The generation of the spec that the status tells of."""
    return int(player.record.status["observedGeneration"])


def numbers(player: RunPlayer) -> list[tuple[int, str]]:
    """Number and end of each run that the history tells of, newest first."""
    return [(one["number"], one["reason"]) for one in player.record.status["history"]]


def test_deleted_and_made_again_at_once_it_waits_for_the_pod(player: RunPlayer) -> None:
    player.create()
    player.check()
    pod, before = player.train(), player.record
    player.jobs.delete()
    player.create()
    player.check()
    player.await_word("Succeeded", "Unknown", "WaitingForPredecessor")
    player.kubelet.finish(pod, STOPPED.exit_code, message=STOPPED)
    player.kubelet.remove(pod)
    finish(player)
    run_invariants.hold(before)
    run_invariants.hold_of_one_run(player.record)
    one_live_training(before, player.record)


def test_deleted_and_made_again_over_and_over(player: RunPlayer) -> None:
    records = []
    for _time in range(5):
        player.create()
        records.append(player.record)
        player.jobs.delete()
    player.create()
    player.check()
    finish(player)
    for before in records:
        run_invariants.nothing_is_left(before)
        run_invariants.hold(before)
    run_invariants.hold_of_one_run(player.record)


def test_deleted_as_an_orphan_and_made_again_it_leaves_the_orphans_alone(
    player: RunPlayer,
) -> None:
    player.create()
    player.check()
    pod, before = player.train(), player.record
    player.jobs.delete(propagation="Orphan")
    before.until(lambda: not before.current(PREFERENCE_JOBS))
    player.create()
    for stage in (ChildStage.CHECK, ChildStage.TRAIN):
        name = player.child(stage)
        player.await_word("Succeeded", "Unknown", "NameConflict")
        assert name in player.word("Reconciling")["message"]
        assert name in {job["metadata"]["name"] for job in before.current(JOBS)}
        path = f"/apis/batch/v1/namespaces/{player.namespace}/jobs/{name}"
        player.plane.ask("DELETE", path, {"propagationPolicy": "Background"})
        if stage is CHECK:
            player.check()
    player.await_word("Succeeded", "Unknown", "WaitingForPredecessor")
    player.kubelet.finish(pod, STOPPED.exit_code, message=STOPPED)
    player.kubelet.remove(pod)
    finish(player)
    one_live_training(before, player.record)


def test_edited_the_pod_saves_before_the_next_run_begins(player: RunPlayer) -> None:
    player.create()
    player.check()
    pod = player.train()
    player.jobs.edit(training={"seed": 7})
    player.await_word("Succeeded", "Unknown", "Replacing")
    player.stop(pod)
    player.check()
    finish(player)
    assert numbers(player) == [(2, "Trained")]


def test_edited_there_and_back_it_begins_once_the_pod_has_ended(player: RunPlayer) -> None:
    player.create(training={"seed": 1})
    player.check()
    pod = player.train()
    for generation, seed in ((2, 2), (3, 3), (4, 1)):
        player.jobs.edit(training={"seed": seed})
        player.record.until(lambda seen=generation: observed(player) == seen)
    player.stop(pod)
    player.check()
    finish(player)
    assert player.record.status["run"]["specHash"] in player.child(TRAIN)


def test_edited_where_that_is_forbidden_the_run_ends_first(player: RunPlayer) -> None:
    player.create(retrain={"concurrency": "Forbid"})
    player.check()
    pod = player.train()
    player.jobs.edit(training={"seed": 7})
    player.record.until(lambda: observed(player) == 2)
    player.end(pod, STOPPED)
    player.end(player.start(TRAIN), TRAINED)
    player.check()
    finish(player)
    assert numbers(player) == [(2, "Trained"), (1, "Trained")]


def test_edited_where_it_does_not_decide_the_result_the_next_pod_gets_it(
    player: RunPlayer,
) -> None:
    player.create()
    player.check()
    pod = player.train()
    player.jobs.edit(resources={"gpus": 0, "cpu": "2"}, ttlSecondsAfterFinished=3600)
    player.record.until(lambda: observed(player) == 2)
    run_invariants.nothing_is_told_to_go(player.record)
    player.end(pod, STOPPED)
    player.record.until(lambda: made(player, TRAIN) == 2)
    container = player.await_pod(TRAIN)["spec"]["containers"][0]
    assert container["resources"]["requests"]["cpu"] == "2"
    finish(player)
    assert player.record.status["attempts"] == {"failures": 0, "preemptions": 1}
    assert numbers(player) == [(1, "Trained")]


def made(player: RunPlayer, stage: ChildStage) -> int:
    """How many Jobs were made for a stage so far."""
    versions = [one for one in player.record.versions(JOBS) if one.change == "ADDED"]
    return sum(one.body["metadata"]["name"].endswith(stage) for one in versions)


def test_suspended_and_resumed_over_and_over(player: RunPlayer) -> None:
    player.create()
    player.check()
    pod = player.train()
    for suspend in (True, False) * 5:
        player.jobs.edit(suspend=suspend)
    player.await_told_to_go(pod)
    player.stop(pod)
    finish(player)
    assert numbers(player) == [(1, "Trained")]


def test_another_output_given_while_it_is_suspended_is_where_it_goes_on(player: RunPlayer) -> None:
    player.create()
    player.check()
    pod = player.train()
    player.jobs.edit(suspend=True)
    player.stop(pod)
    player.await_word("Suspended", "True")
    player.jobs.edit(suspend=False, output={"uri": "s3://other/place"})
    document = run_document(player.await_pod(TRAIN))
    assert document.spec.output.uri == "s3://other/place"
    # The training finds nothing there, and checks again by itself (tests/training).
    assert document.resolved is not None
    finish(player)
    assert numbers(player) == [(1, "Trained")]
