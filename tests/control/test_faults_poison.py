"""Objects that somebody wrote garbage into: they go on where they can, and never stop others."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import fault_scene
import poison
from api_history import JOBS, PREFERENCE_JOBS
from control_plane import MERGE_PATCH, ControlPlane
from fault_scene import Scene
from preference_api.children import ChildStage
from preference_operator.children import QUEUE_LABEL
from preference_operator.objects import read_job
from run_player import TRAINED, RunPlayer

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN
OFTEN = {"resync_seconds": 0.5}


@pytest.fixture
def scene(control: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Scene]:
    with fault_scene.opened(control, namespace, tmp_path) as scene:
        yield scene


def write(player: RunPlayer, part: poison.Body, subresource: str = "") -> None:
    """Write into a PreferenceJob as somebody does who may do everything."""
    path = f"/apis/preference.dev/v1alpha1/namespaces/{player.namespace}/{PREFERENCE_JOBS}"
    spec_hash = read_job(player.jobs.get(player.name)).spec_hash
    body = json.loads(json.dumps(part).replace(poison.OWN_HASH, spec_hash))
    path = f"{path}/{player.name}{subresource}"
    player.plane.ask("PATCH", path, body, content_type=MERGE_PATCH)


def poisoned(scene: Scene, name: str, status: poison.Body, **spec: object) -> RunPlayer:
    """A suspended PreferenceJob with a status that somebody wrote."""
    player = scene.player(name)
    player.create(suspend=True, **spec)
    player.await_word("Suspended", "True")
    write(player, {"status": status}, "/status")
    return player


def failures(scene: Scene) -> list[object]:
    """What the operator could not work on, as its log tells."""
    entries = scene.operators[0].entries
    return [entry for entry in entries if entry["level"] == "error" or "Refused" in entry["event"]]


def test_a_run_goes_on_whatever_its_status_says(scene: Scene) -> None:
    scene.leader()
    players = [poisoned(scene, name, status) for name, status in poison.STATUSES.items()]
    trained = poisoned(scene, "resolved", poison.RESOLVED)
    for player in [*players, trained]:
        player.jobs.edit(player.name, suspend=False)
    for player in players:
        player.check()
    for player in [*players, trained]:
        player.end(player.start(TRAIN), TRAINED)
        player.await_success()
    assert failures(scene) == []


def test_an_end_that_somebody_wrote_stays_the_end(scene: Scene) -> None:
    scene.leader(**OFTEN)
    player = poisoned(scene, "ended", poison.ENDED, ttlSecondsAfterFinished=1)
    player.jobs.edit("ended", suspend=False)
    scene.player().play()
    assert player.record.status["run"]["completionTime"] == poison.NEVER
    assert player.record.current(PREFERENCE_JOBS) != []
    assert player.record.versions(JOBS) == []


def test_a_run_goes_on_whatever_its_metadata_says(scene: Scene) -> None:
    scene.leader()
    players = [scene.player(name) for name in poison.METADATA]
    for player in players:
        player.create(suspend=True)
        write(player, {"metadata": poison.METADATA[player.name], "spec": {"suspend": False}})
    for player in players:
        player.check()
    for player in players:
        player.end(started(player), TRAINED)
        player.await_success()
    assert failures(scene) == []
    for player in players:
        write(player, {"metadata": {"finalizers": None}})


def started(player: RunPlayer) -> poison.Body:
    """The training pod, which runs; of a queue, once the queue has let its Job begin."""
    if QUEUE_LABEL not in poison.METADATA[player.name].get("labels", {}):
        return player.start(TRAIN)
    name = player.child(TRAIN)
    jobs = player.record.current
    player.record.until(lambda: name in {job["metadata"]["name"] for job in jobs(JOBS)})
    path = f"/apis/batch/v1/namespaces/{player.namespace}/jobs/{name}"
    admitted = {"spec": {"suspend": False}}
    player.plane.ask("PATCH", path, admitted, content_type=MERGE_PATCH)
    pod = player.await_pod(TRAIN)
    player.kubelet.run(pod, address=player.address)
    return pod


def test_a_run_goes_on_however_large_its_spec_is(scene: Scene) -> None:
    scene.leader(workers=1)
    player, other = scene.player("large"), scene.player()
    player.create(**poison.SPEC)
    other.play()
    player.check()
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()
    assert failures(scene) == []


@pytest.mark.parametrize(
    "annotations",
    [
        {"preference.dev/attempts": "{not json", "preference.dev/wanted": None},
        {"preference.dev/attempts": '{"failures": -1}', "preference.dev/wanted": ""},
        {"preference.dev/attempts": None, "preference.dev/wanted": "another"},
    ],
)
def test_a_training_goes_on_whatever_its_annotations_say(
    scene: Scene, annotations: dict[str, str | None]
) -> None:
    scene.leader()
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    path = f"/apis/batch/v1/namespaces/{player.namespace}/jobs/{player.child(TRAIN)}"
    body = {"metadata": {"annotations": annotations}}
    player.plane.ask("PATCH", path, body, content_type=MERGE_PATCH)
    player.end(pod, TRAINED)
    player.await_success()
    assert failures(scene) == []


def test_dozens_of_them_never_stop_others_and_are_left_alone(scene: Scene) -> None:
    scene.leader(workers=2, **OFTEN)
    statuses = [*poison.STATUSES.values(), poison.RESOLVED, poison.ENDED]
    for number, status in enumerate(statuses * 3):
        poisoned(scene, f"poisoned-{number}", status)
    player = scene.player()
    player.play()
    scene.await_comparisons(1)
    settled = datetime.now(UTC)
    scene.await_comparisons(3)
    assert scene.writes(since=settled) == []
    assert failures(scene) == []
