"""How a PreferenceJob goes: by its deadline, by its time to live, by hand."""

import pytest

import run_invariants
from api_history import JOBS, PREFERENCE_JOBS
from audit_log import AuditEntry
from awaiting import until
from control_plane import MERGE_PATCH
from preference_api.children import ChildStage
from run_player import TRAINED, RunPlayer
from run_world import World

pytestmark = pytest.mark.cluster

TRAIN = ChildStage.TRAIN


def test_past_its_deadline_it_fails_once_its_pod_is_gone(player: RunPlayer) -> None:
    player.create(activeDeadlineSeconds=3600)
    player.check()
    pod = player.start(TRAIN)
    let_the_deadline_pass(player)
    player.stop(pod)
    player.await_word("Succeeded", "False", "DeadlineExceeded")
    assert "spec.activeDeadlineSeconds" in player.word("Stalled")["message"]
    assert player.record.status["state"] == "Failed"


def let_the_deadline_pass(player: RunPlayer) -> None:
    """Have the training's hour pass: one that is short from the start may end its check."""
    path = f"/apis/batch/v1/namespaces/{player.namespace}/jobs/{player.child(TRAIN)}"
    assert player.plane.ask("GET", path)["spec"]["activeDeadlineSeconds"] == 3600
    soon = {"spec": {"activeDeadlineSeconds": 1}}
    player.plane.ask("PATCH", path, soon, content_type=MERGE_PATCH)


def test_past_its_time_to_live_it_is_deleted_with_all_that_was_its_own(
    player: RunPlayer, world: World
) -> None:
    player.create(ttlSecondsAfterFinished=1)
    player.check()
    player.end(player.start(TRAIN), TRAINED)
    player.await_word("Succeeded", "True")
    run_invariants.nothing_is_left(player.record)
    until(lambda: len(deletions(world, player)) == 1)
    run_invariants.hold_of_one_run(player.record)


def test_a_time_to_live_that_is_given_later_counts_from_the_end(player: RunPlayer) -> None:
    player.play()
    player.jobs.edit(ttlSecondsAfterFinished=0)
    run_invariants.nothing_is_left(player.record)


def deletions(world: World, player: RunPlayer) -> list[AuditEntry]:
    """The operator's own deletions of PreferenceJobs in the namespace."""
    entries = world.around.plane.audit.of(run_invariants.OPERATOR)
    return [
        entry
        for entry in run_invariants.writes(entries)
        if (entry.namespace, entry.verb) == (player.namespace, "delete")
        and entry.resource == PREFERENCE_JOBS
    ]


def test_an_end_outlives_its_jobs_and_the_operator(player: RunPlayer, world: World) -> None:
    player.play()
    status = player.record.status
    for job in player.record.current(JOBS):
        path = f"/apis/batch/v1/namespaces/{player.namespace}/jobs/{job['metadata']['name']}"
        player.plane.ask("DELETE", path, {"propagationPolicy": "Background"})
    player.record.until(lambda: not player.record.current(JOBS))
    world.operator.process.kill()
    world.operator.process.start()
    world.operator.ready()
    world.settle(player.namespace)
    assert player.record.status == status
    assert player.record.current(JOBS) == []


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_deleted_amid_training_nothing_is_left_and_nothing_made(
    player: RunPlayer, world: World, propagation: str
) -> None:
    player.create()
    player.check()
    pod = player.train()
    player.jobs.delete(player.name, propagation=propagation)
    player.stop(pod)
    run_invariants.nothing_is_left(player.record)
    names = {version.body["metadata"]["name"] for version in player.record.versions(JOBS)}
    assert len(names) == len({version.uid for version in player.record.versions(JOBS)}) == 2
    assert deletions(world, player) == []


def test_deleted_as_an_orphan_its_jobs_are_left_to_their_owner(player: RunPlayer) -> None:
    player.create()
    player.check()
    pod = player.train()
    player.jobs.delete(player.name, propagation="Orphan")
    player.record.until(lambda: not player.record.current(PREFERENCE_JOBS))
    player.end(pod, TRAINED)
    player.record.until(lambda: not any(live(job) for job in player.record.current(JOBS)))


def live(job: dict) -> bool:
    return not any(one["type"] == "Complete" for one in job["status"].get("conditions", []))
