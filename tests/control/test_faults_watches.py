"""Watches that are cut, stall or expire: nothing that happened meanwhile stays unseen."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

import fault_scene
import run_invariants
from api_faults import Asked, When
from api_history import JOBS
from api_proxy import ApiProxy
from control_plane import ControlPlane
from fault_scene import Scene
from preference_api.children import ChildStage
from run_player import CHECKED, STOPPED, TRAINED, RunPlayer

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

WATCHES = 3
"""What one operator watches: PreferenceJobs, Jobs, pods."""
OFTEN = {"resync_seconds": 0.5}


@pytest.fixture
def scene(control: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Scene]:
    with fault_scene.opened(control, namespace, tmp_path) as scene:
        yield scene


@pytest.fixture
def proxy(scene: Scene) -> Iterator[ApiProxy]:
    proxy = scene.proxy()
    yield proxy
    proxy.release_watches()


def begun(proxy: ApiProxy) -> int:
    """How many watches were begun so far."""
    return proxy.count(lambda asked: asked.is_watch)


def asked_already(proxy: ApiProxy) -> When:
    """Fits the very requests that came until now."""
    found: list[Asked] = []

    def noted(asked: Asked) -> bool:
        found.append(asked)
        return True

    proxy.count(noted)
    return lambda asked: any(asked is one for one in found)


def finish(player: RunPlayer) -> None:
    """See a run through whose next training pod has still to start."""
    player.end(player.start(ChildStage.TRAIN), TRAINED)
    player.await_success()


def test_cut_they_begin_again_and_tell_what_happened_meanwhile(
    scene: Scene, proxy: ApiProxy
) -> None:
    operator = scene.leader(proxy=proxy)
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    proxy.cut_watches()
    player.end(pod, STOPPED)
    finish(player)
    assert begun(proxy) == 2 * WATCHES
    assert operator.is_healthy
    run_invariants.hold_of_one_run(player.record)


def test_cut_again_and_again_a_run_goes_on(scene: Scene, proxy: ApiProxy) -> None:
    operator = scene.leader(proxy=proxy)
    player, cuts = scene.player(), 0
    with ThreadPoolExecutor(1) as aside:
        played = aside.submit(player.play)
        while not played.done():
            proxy.cut_watches()
            cuts += 1
            wait([played], timeout=0.1)
        played.result()
    assert cuts > 5
    assert begun(proxy) <= (cuts + 1) * WATCHES
    assert operator.is_ready
    run_invariants.hold_of_one_run(player.record)


def test_silent_for_too_long_they_begin_again(scene: Scene, proxy: ApiProxy) -> None:
    scene.leader(proxy=proxy, watch_seconds=1)
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    proxy.stall_watches(asked_already(proxy))
    player.end(pod, STOPPED)
    finish(player)
    run_invariants.hold_of_one_run(player.record)


def test_what_they_start_from_is_too_old_and_everything_is_listed(
    scene: Scene, proxy: ApiProxy
) -> None:
    operator = scene.leader(proxy=proxy, **OFTEN)
    player, other = scene.player(), scene.player("other")
    player.create()
    pod = player.start(ChildStage.CHECK)
    proxy.stall_watches(asked_already(proxy))
    player.end(pod, CHECKED)
    other.create(output={"uri": "s3://bucket/other"})
    proxy.expire_watches(times=WATCHES)
    proxy.cut_watches()
    finish(player)
    other.check()
    finish(other)
    assert begun(proxy) == 3 * WATCHES
    assert operator.is_healthy
    for one in (player, other):
        run_invariants.hold_of_one_run(one.record)


def test_what_came_and_went_while_they_stalled_is_found(scene: Scene, proxy: ApiProxy) -> None:
    operator = scene.leader(proxy=proxy, **OFTEN)
    player, other = scene.player(), scene.player("other")
    player.create()
    player.check()
    pod, gone = player.train(), player.record
    proxy.stall_watches()
    scene.jobs.delete()
    gone.until(lambda: not gone.current(JOBS))
    player.kubelet.finish(pod, STOPPED.exit_code, message=STOPPED)
    player.kubelet.remove(pod)
    player.create()
    other.create(output={"uri": "s3://bucket/other"})
    player.await_pod(ChildStage.CHECK)
    other.await_pod(ChildStage.CHECK)
    proxy.release_watches()
    for one in (player, other):
        one.check()
        finish(one)
    assert operator.is_healthy
    run_invariants.hold(gone)
