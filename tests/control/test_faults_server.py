"""The API server is stopped, killed or frozen: the operator comes back, and no pod notices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import fault_scene
import run_invariants
from api_faults import Side, When, asking
from awaiting import until
from control_plane import CONTROLLERS, SERVER, ControlPlane
from fault_scene import QUICK, Scene
from operator_process import OperatorProcess
from pods import Body
from preference_api.children import ChildStage
from preference_operator.run import Exit
from run_player import STOPPED, TRAINED, RunPlayer

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

NO_ANSWER = "no answer in 10 seconds"


@pytest.fixture
def scene(control: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Scene]:
    with fault_scene.opened(control, namespace, tmp_path) as scene:
        yield scene


@pytest.fixture
def player(scene: Scene) -> RunPlayer:
    return scene.player()


def begin(player: RunPlayer) -> Body:
    """The pod of a training that is under way."""
    player.create()
    player.check()
    return player.train()


def finish(player: RunPlayer, pod: Body) -> None:
    """See a run through whose training pod still runs."""
    player.end(pod, STOPPED)
    player.end(player.start(ChildStage.TRAIN), TRAINED)
    player.await_success()
    run_invariants.hold_of_one_run(player.record)


def said(operator: OperatorProcess, words: str) -> int:
    """How often an operator logged something."""
    return sum(words in entry["event"] for entry in operator.entries)


def start_again(plane: ControlPlane) -> None:
    """Start the API server, and its controllers anew: they would wait for half a minute first."""
    plane.start_api_server()
    controllers = plane.processes[CONTROLLERS]
    controllers.kill()
    controllers.start()


def test_gone_for_longer_than_the_lease(scene: Scene, player: RunPlayer) -> None:
    operator = scene.leader(**QUICK)
    pod = begin(player)
    scene.plane.stop_api_server()
    assert operator.process.wait() == Exit.FAILED
    operator.process.start()
    until(lambda: operator.is_healthy)
    assert not operator.is_ready
    start_again(scene.plane)
    operator.ready()
    finish(player, pod)


def test_killed_and_started_again(scene: Scene, player: RunPlayer) -> None:
    operator = scene.leader()
    pod = begin(player)
    scene.plane.stop_api_server(kill=True)
    start_again(scene.plane)
    finish(player, pod)
    assert operator.process.alive


@pytest.mark.parametrize(
    "when", [asking("PATCH", "/status$"), asking("POST", "/jobs$")], ids=["status", "job"]
)
@pytest.mark.parametrize("side", Side)
def test_killed_at_a_write(scene: Scene, player: RunPlayer, when: When, side: Side) -> None:
    proxy = scene.proxy()
    operator = scene.leader(proxy=proxy)
    held = proxy.hold(when, side)
    player.create()
    held.await_reached()
    scene.plane.stop_api_server(kill=True)
    held.release()
    start_again(scene.plane)
    player.check()
    finish(player, player.train())
    assert operator.process.alive


def test_frozen_for_longer_than_the_lease(scene: Scene, player: RunPlayer) -> None:
    operator = scene.leader(**QUICK)
    pod = begin(player)
    server = scene.plane.processes[SERVER]
    server.freeze()
    assert operator.process.wait() == Exit.FAILED
    operator.process.start()
    until(lambda: operator.is_healthy)
    server.thaw()
    operator.ready()
    finish(player, pod)


def test_frozen_for_a_while(scene: Scene, player: RunPlayer) -> None:
    operator = scene.leader(resync_seconds=1)
    pod = begin(player)
    server = scene.plane.processes[SERVER]
    server.freeze()
    until(lambda: said(operator, NO_ANSWER) == 2)
    server.thaw()
    finish(player, pod)
    assert operator.process.alive
