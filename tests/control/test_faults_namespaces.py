"""One of several watched namespaces cannot be read: the work on the others goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import fault_scene
import run_invariants
from awaiting import until
from cluster_calls import new_namespace
from control_plane import ControlPlane
from fault_scene import Scene
from operator_process import ACCOUNT, NAMESPACE, OperatorProcess
from preference_api.children import ChildStage
from run_player import CHECKED, TRAINED, RunPlayer

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

RULES = "/apis/rbac.authorization.k8s.io/v1"
BINDING = f"{RULES}/clusterrolebindings/preference-operator"
CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN


@pytest.fixture
def scene(control: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Scene]:
    with fault_scene.opened(control, namespace, tmp_path) as scene, only_roles(control):
        give_rights(control, namespace)
        yield scene


@pytest.fixture
def other(control: ControlPlane) -> str:
    return new_namespace(control)


@contextmanager
def only_roles(plane: ControlPlane) -> Iterator[None]:
    """A while in which the operator has what its Roles give, as with `watchNamespaces`."""
    whole = plane.ask("GET", BINDING)
    plane.ask("DELETE", BINDING)
    try:
        yield
    finally:
        metadata = {"name": whole["metadata"]["name"]}
        plane.ask("POST", f"{RULES}/clusterrolebindings", {**whole, "metadata": metadata})


def give_rights(plane: ControlPlane, namespace: str) -> None:
    body = {
        "metadata": {"name": "operator"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "preference-operator",
        },
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }
    plane.ask("POST", f"{RULES}/namespaces/{namespace}/rolebindings", body)


def take_rights(plane: ControlPlane, namespace: str) -> None:
    plane.ask("DELETE", f"{RULES}/namespaces/{namespace}/rolebindings/operator")


def leader(scene: Scene, other: str) -> OperatorProcess:
    names = f"{other},{scene.namespace}"
    return scene.leader(namespaces=names, resync_seconds=1, watch_seconds=5)


def told(operator: OperatorProcess, namespace: str) -> bool:
    words = f"namespace {namespace} is to be watched and cannot be listed"
    return any(entry["event"].startswith(words) for entry in operator.entries)


def player_in(scene: Scene, namespace: str) -> RunPlayer:
    return RunPlayer(scene.plane, namespace, scene.history, scene.port)


def test_started_beside_one_that_cannot_be_read_it_works_on_the_others(
    scene: Scene, other: str
) -> None:
    operator = leader(scene, other)
    assert told(operator, other)
    scene.player().play()
    assert operator.is_healthy


def test_one_that_cannot_be_read_any_more_stops_no_other_and_goes_on_with_its_rights(
    scene: Scene, other: str
) -> None:
    give_rights(scene.plane, other)
    operator = leader(scene, other)
    assert not told(operator, other)
    there = player_in(scene, other)
    there.create()
    pod = there.start(CHECK)
    take_rights(scene.plane, other)
    until(lambda: told(operator, other))
    there.end(pod, CHECKED)
    scene.player().play()
    give_rights(scene.plane, other)
    there.end(there.start(TRAIN), TRAINED)
    there.await_success()
    run_invariants.hold_of_one_run(there.record)
    assert operator.is_healthy
