"""Applying the same manifest again changes nothing, however it is applied and whenever."""

import pytest
import yaml

import run_invariants
from api_history import JOBS
from preference_api.children import ChildStage
from preference_jobs import manifest
from run_player import TRAINED, RunPlayer

pytestmark = pytest.mark.cluster

TRAIN = ChildStage.TRAIN
WAYS = {"client": (), "server": ("--server-side",)}


@pytest.mark.parametrize("way", WAYS)
def test_applied_again_at_any_time_it_is_unchanged(player: RunPlayer, way: str) -> None:
    apply(player, way)
    player.follow()
    unchanged(player, way)
    player.check()
    unchanged(player, way)
    pod = player.train()
    unchanged(player, way)
    player.preempt(pod)
    unchanged(player, way)
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()
    unchanged(player, way)
    made = {version.uid for version in player.record.versions(JOBS)}
    assert len(made) == 2
    run_invariants.hold_of_one_run(player.record)


def text(player: RunPlayer) -> str:
    """The manifest as its author keeps it."""
    return yaml.safe_dump(manifest(player.name, labels={"team": "tone"}))


def apply(player: RunPlayer, way: str) -> str:
    """What kubectl says of it."""
    arguments = ("apply", "--namespace", player.namespace, *WAYS[way], "-f", "-")
    return player.plane.kubectl(*arguments, stdin=text(player))


def unchanged(player: RunPlayer, way: str) -> None:
    """Apply the same again, and look that it is the same."""
    diff = ("diff", "--namespace", player.namespace, *WAYS[way], "-f", "-")
    assert player.plane.kubectl(*diff, stdin=text(player)) == ""
    before = player.jobs.get(player.name)["metadata"]
    apply(player, way)
    after = player.jobs.get(player.name)["metadata"]
    for field in ("uid", "generation", "labels", "annotations", "finalizers"):
        assert after.get(field) == before.get(field), field
    assert after["generation"] == 1
