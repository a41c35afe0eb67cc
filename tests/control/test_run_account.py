"""The operator's default account of training pods, in namespaces that have it and in others."""

from pathlib import Path

import pytest

import fault_scene
from control_plane import ControlPlane
from plane_objects import make
from preference_api.children import ChildStage
from run_player import RunPlayer

pytestmark = pytest.mark.cluster

CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN
ACCOUNT = "preference-trainer"


def make_account(player: RunPlayer) -> None:
    make(player.plane, f"/api/v1/namespaces/{player.namespace}/serviceaccounts", ACCOUNT)


def account(player: RunPlayer, stage: ChildStage) -> str:
    """Whom the pod of a stage is."""
    return str(player.await_pod(stage)["spec"]["serviceAccountName"])


def test_an_account_that_is_missing_is_told_until_it_is_made(
    control: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    with fault_scene.opened(control, namespace, tmp_path) as scene:
        scene.leader(trainer_account=ACCOUNT)
        player = scene.player()
        player.create()
        player.await_word("Running", "False", "ServiceAccountNotFound")
        message = player.word("Succeeded")["message"]
        assert f'serviceaccount "{ACCOUNT}" not found' in message
        assert "PREFERENCE_OPERATOR_TRAINER_ACCOUNT" in message
        make_account(player)
        assert account(player, CHECK) == ACCOUNT


def test_a_run_goes_on_when_the_default_changes(
    control: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    with fault_scene.opened(control, namespace, tmp_path) as scene:
        first = scene.leader()
        player = scene.player()
        player.create()
        assert account(player, CHECK) == "default"
        name = player.child(CHECK)
        assert first.process.terminate() == 0
        make_account(player)
        scene.leader("second", trainer_account=ACCOUNT)
        assert player.child(CHECK) == name
        player.check()
        assert account(player, TRAIN) == ACCOUNT
