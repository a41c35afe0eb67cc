"""The control plane that the operator's tests share, and a namespace for each of them."""

import uuid
from collections.abc import Iterator

import pytest

import queue_runs
import run_invariants
import run_world
from awaiting import until
from control_plane import ControlPlane
from kueue_manager import Kueue
from queue_runs import FLAVOR, QUEUE, Queue
from run_player import RunPlayer
from run_world import World

_OBJECTS = (
    "/apis/preference.dev/v1alpha1/namespaces/{namespace}/preferencejobs",
    "/apis/batch/v1/namespaces/{namespace}/jobs?propagationPolicy=Background",
    "/api/v1/namespaces/{namespace}/pods?gracePeriodSeconds=0",
)
"""What a test makes; Jobs before their pods, so that none is made anew."""


@pytest.fixture(scope="session")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """API server and controllers that know the kind, with the operator's account, and no node."""
    with run_world.prepared(tmp_path_factory.mktemp("control")) as plane:
        yield plane


@pytest.fixture
def namespace(control: ControlPlane) -> Iterator[str]:
    """A fresh namespace, in which pods can be made; emptied after the test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    control.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    until(lambda: control.request("GET", account)[0] == 200)
    yield name
    for path in _OBJECTS:
        control.ask("DELETE", path.format(namespace=name))


@pytest.fixture(scope="module")
def world(control: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An operator for all tests of a module, at work in every namespace."""
    with (
        run_world.opened(control) as around,
        run_world.operated(around, tmp_path_factory.mktemp("operator")) as world,
    ):
        yield world


@pytest.fixture(scope="module")
def queued_control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of its own, since Kueue is asked about every Job."""
    with queue_runs.prepared(tmp_path_factory.mktemp("queued")) as plane:
        yield plane


@pytest.fixture(scope="module")
def kueue(
    queued_control: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kueue]:
    """Kueue on that control plane; modules that use it have it in place of `control`."""
    with queue_runs.kueue_running(queued_control, tmp_path_factory.mktemp("kueue")) as kueue:
        yield kueue


@pytest.fixture
def queue(world: World, kueue: Kueue, namespace: str) -> Iterator[Queue]:
    """A queue for one device; at the end, the operator is through with what came before."""
    kueue.queue(namespace, QUEUE, flavor=FLAVOR, gpus=1)
    yield Queue(world=world, kueue=kueue, namespace=namespace)
    world.settle(namespace)


@pytest.fixture
def player(world: World, namespace: str) -> Iterator[RunPlayer]:
    """A run before that operator; at the end, what holds of every run."""
    player = world.player(namespace)
    yield player
    world.settle(namespace)
    run_invariants.hold(player.record)
