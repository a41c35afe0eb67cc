"""Somebody deletes, takes, relabels or remakes what belongs to a run."""

import pytest

import run_invariants
from api_history import JOBS
from awaiting import until
from control_plane import MERGE_PATCH
from pods import Body
from preference_api.children import ChildStage
from preference_api.wire import JOB_UID_LABEL, RUN_LABEL, STAGE_LABEL
from run_player import REUSED, STOPPED, TRAINED, RunPlayer
from run_world import World

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN


def jobs_path(player: RunPlayer, name: str = "") -> str:
    """Of the Jobs in a player's namespace, or of one of them."""
    path = f"/apis/batch/v1/namespaces/{player.namespace}/jobs"
    return f"{path}/{name}" if name else path


def delete_job(player: RunPlayer, stage: ChildStage, *, propagation: str) -> None:
    """Delete a child as a user does; returns once it is on its way out."""
    body = {"propagationPolicy": propagation}
    player.plane.ask("DELETE", jobs_path(player, player.child(stage)), body)


def made(player: RunPlayer, stage: ChildStage) -> int:
    """How many Jobs were made for a stage so far."""
    versions = player.record.versions(JOBS)
    return sum(
        one.change == "ADDED" and one.body["metadata"]["name"].endswith(stage) for one in versions
    )


def finish(player: RunPlayer) -> None:
    """See a run through whose training pod has still to start."""
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_a_check_that_is_deleted_is_made_again(player: RunPlayer, propagation: str) -> None:
    player.create()
    pod = player.start(CHECK)
    delete_job(player, CHECK, propagation=propagation)
    player.stop(pod)
    player.check()
    finish(player)
    assert made(player, CHECK) == 2


@pytest.mark.parametrize(
    ("propagation", "reason"),
    [("Background", "WaitingForPredecessor"), ("Foreground", "Waiting")],
)
def test_a_training_that_is_deleted_is_made_again_once_its_pod_has_ended(
    player: RunPlayer, propagation: str, reason: str
) -> None:
    player.create()
    player.check()
    pod = player.train()
    delete_job(player, TRAIN, propagation=propagation)
    player.await_told_to_go(pod)
    player.await_word("Succeeded", "Unknown", reason)
    player.stop(pod)
    finish(player)
    assert made(player, TRAIN) == 2


def test_children_that_are_deleted_after_the_end_stay_deleted(player: RunPlayer) -> None:
    player.play()
    run = player.record.status["run"]
    for stage in (CHECK, TRAIN):
        delete_job(player, stage, propagation="Background")
    player.record.until(lambda: not player.record.current(JOBS))
    player.jobs.edit(ttlSecondsAfterFinished=3600)
    player.record.until(lambda: player.record.status["observedGeneration"] == 2)
    assert player.record.status["run"] == run
    assert (made(player, CHECK), made(player, TRAIN)) == (1, 1)


def test_a_training_that_is_made_by_hand_after_the_end_goes_again(
    world: World, namespace: str
) -> None:
    player = world.player(namespace)
    player.play()
    path = jobs_path(player, player.child(TRAIN))
    by_hand = copy_of(player.plane.ask("GET", path))
    delete_job(player, TRAIN, propagation="Background")
    player.record.until(lambda: len(player.record.current(JOBS)) == 1)
    player.plane.ask("POST", jobs_path(player), by_hand)
    until(lambda: made(player, TRAIN) == 2 and player.plane.request("GET", path)[0] == 404)
    assert player.word("Succeeded")["status"] == "True"
    run_invariants.ends_stay(player.record)


def copy_of(job: Body) -> Body:
    """The manifest by which somebody makes a Job again."""
    metadata = {
        name: job["metadata"][name] for name in ("name", "labels", "annotations", "ownerReferences")
    }
    spec = {name: part for name, part in job["spec"].items() if name != "selector"}
    labels = {name: spec["template"]["metadata"]["labels"][name] for name in metadata["labels"]}
    template = {**spec["template"], "metadata": {"labels": labels}}
    return {"metadata": metadata, "spec": {**spec, "template": template}}


@pytest.mark.parametrize("code", [75, 137])
def test_a_pod_that_is_deleted_is_replaced(player: RunPlayer, code: int) -> None:
    player.create()
    player.check()
    pod = player.train()
    player.kubelet.delete(pod)
    player.await_told_to_go(pod)
    player.kubelet.finish(pod, code, message=STOPPED)
    player.kubelet.remove(pod)
    finish(player)
    assert made(player, TRAIN) == 1


def test_a_pod_that_is_deleted_when_it_has_trained_is_looked_for_in_the_bucket(
    player: RunPlayer,
) -> None:
    player.create()
    player.check()
    pod = player.train()
    player.kubelet.delete(pod)
    player.await_told_to_go(pod)
    player.kubelet.finish(pod, 0)
    player.kubelet.remove(pod)
    player.await_word("Succeeded", "Unknown", "FindingResult")
    player.check(REUSED)
    player.await_success()
    assert (made(player, CHECK), made(player, TRAIN)) == (2, 1)


@pytest.mark.parametrize("stage", [CHECK, TRAIN])
def test_a_foreign_job_in_a_childs_place_is_told_and_left_alone(
    player: RunPlayer, stage: ChildStage
) -> None:
    player.create(suspend=True)
    name = player.child(stage)
    foreign = player.plane.ask("POST", jobs_path(player), foreign_job(name))
    player.jobs.edit(suspend=False)
    if stage is TRAIN:
        player.check()
    player.await_word("Succeeded", "Unknown", "NameConflict")
    assert name in player.word("Stalled" if player.word("Stalled") else "Running")["message"]
    left = player.plane.ask("GET", jobs_path(player, name))
    assert (left["metadata"]["uid"], left["spec"]) == (foreign["metadata"]["uid"], foreign["spec"])
    player.plane.ask("DELETE", jobs_path(player, name), {"propagationPolicy": "Background"})
    if stage is CHECK:
        player.check()
    finish(player)
    run_invariants.hold_of_one_run(player.record)


def foreign_job(name: str) -> Body:
    """Somebody else's Job; suspended, so that nothing changes it."""
    container = {"name": "other", "image": "other"}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {"metadata": {"name": name}, "spec": {"suspend": True, "template": template}}


def label(player: RunPlayer, path: str, labels: dict[str, str | None]) -> None:
    """Set or remove labels of an object."""
    body = {"metadata": {"labels": labels}}
    player.plane.ask("PATCH", path, body, content_type=MERGE_PATCH)


def test_a_training_without_its_label_is_told_and_goes_on_with_it(player: RunPlayer) -> None:
    created = player.create()
    player.check()
    pod = player.train()
    path = jobs_path(player, player.child(TRAIN))
    label(player, path, {JOB_UID_LABEL: None})
    player.await_word("Succeeded", "Unknown", "LabelMissing")
    label(player, path, {JOB_UID_LABEL: created["metadata"]["uid"]})
    player.await_word("Succeeded", "Unknown", "Training")
    player.end(pod, STOPPED)
    finish(player)
    run_invariants.hold_of_one_run(player.record)


def test_labels_that_only_people_read_may_go(player: RunPlayer) -> None:
    player.create()
    player.check()
    pod = player.train()
    path = jobs_path(player, player.child(TRAIN))
    label(player, path, {STAGE_LABEL: "other", RUN_LABEL: "other"})
    player.end(pod, STOPPED)
    finish(player)


def test_a_pod_without_its_label_is_looked_for_in_the_bucket(player: RunPlayer) -> None:
    player.create()
    player.check()
    pod = player.train()
    path = f"/api/v1/namespaces/{player.namespace}/pods/{pod['metadata']['name']}"
    label(player, path, {JOB_UID_LABEL: None})
    player.end(pod, TRAINED)
    player.await_word("Succeeded", "Unknown", "FindingResult")
    player.check(REUSED)
    player.await_success()
