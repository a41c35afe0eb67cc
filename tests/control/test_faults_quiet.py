"""Where nothing happens, nothing is written, however often everything is looked at."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import fault_scene
import run_invariants
from audit_log import AuditEntry
from control_plane import ControlPlane
from fault_scene import Scene
from preference_api.children import ChildStage
from preference_operator.act import PROGRESS_MANAGER
from run_player import CHECKED, TRAINED, TRAINING, RunPlayer

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN
OFTEN = {"resync_seconds": 1, "progress_seconds": 1}
EACH = 20
COMPARISONS = 5
"""Of the operator's knowledge with the cluster; it looks at every object after each."""


@pytest.fixture
def scene(control: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Scene]:
    with fault_scene.opened(control, namespace, tmp_path) as scene:
        yield scene


def training(scene: Scene, names: list[str]) -> list[RunPlayer]:
    """Objects whose training pods run, and tell how far they are."""
    players = [scene.player(name) for name in names]
    for player in players:
        player.create()
        player.port.tell(player.address, TRAINING)
    for player in players:
        player.end(player.start(CHECK), CHECKED)
    for player in players:
        player.start(TRAIN)
    for player in players:
        player.await_word("CheckpointAvailable", "True")
    return players


def end(players: list[RunPlayer]) -> None:
    """Have trainings end well."""
    for player in players:
        [pod] = player.kubelet.pods(player.child(TRAIN))
        player.end(pod, TRAINED)
    for player in players:
        player.await_success()


def requests(scene: Scene, since: datetime) -> list[AuditEntry]:
    """What the operator wrote since a moment, its Lease excepted."""
    entries = scene.plane.audit.of(run_invariants.OPERATOR, since=since)
    return [one for one in run_invariants.writes(entries) if one.resource != "leases"]


def test_finished_and_running_objects_are_left_alone(scene: Scene) -> None:
    scene.leader(**OFTEN)
    end(training(scene, [f"finished-{number}" for number in range(EACH)]))
    training(scene, [f"running-{number}" for number in range(EACH)])
    scene.await_comparisons(1)
    settled = datetime.now(UTC)
    scene.await_comparisons(COMPARISONS)
    assert requests(scene, settled) == []


def test_progress_alone_is_written_while_they_run(scene: Scene) -> None:
    scene.leader(**OFTEN)
    players = training(scene, [f"job-{number}" for number in range(3)])
    scene.await_comparisons(1)
    settled = datetime.now(UTC)
    for step in (6, 7, 8):
        for player in players:
            told = TRAINING.model_copy(update={"step": step})
            player.port.tell(player.address, told)
            player.record.until(
                lambda one=player, at=step: one.record.status["progress"]["step"] == at
            )
    scene.await_comparisons(1)
    written = requests(scene, settled)
    assert len(written) == 3 * len(players)
    assert all(f"fieldManager={PROGRESS_MANAGER}" in one.path for one in written)
