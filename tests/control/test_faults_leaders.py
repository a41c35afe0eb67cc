"""Two operators at once: whoever does not lead writes nothing, and whoever leads goes on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

import api_history
import fault_scene
import run_invariants
from api_faults import Side, When, any_write, asking
from api_history import PODS, Version
from awaiting import until
from control_plane import ControlPlane
from fault_scene import QUICK, Scene
from preference_api.children import ChildStage
from preference_api.wire import STAGE_LABEL
from preference_operator.run import Exit
from run_player import CHECKED, STOPPED, TRAINED, RunPlayer
from run_stories import WHOLE

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

STATUS = asking("PATCH", "/preferencejobs/tone/status$")
JOB = asking("POST", "/jobs$")
_WRITES = list(enumerate(WHOLE.writes, 1))
JOBS = [number for number, write in _WRITES if write.startswith("job")]
"""Numbers of the writes of a whole run that make its Jobs."""
BEFORE_JOBS = [number - 1 for number in JOBS]
END = WHOLE.writes.index("status Succeeded") + 1


@pytest.fixture
def scene(control: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Scene]:
    with fault_scene.opened(control, namespace, tmp_path) as scene:
        yield scene


def finish(player: RunPlayer) -> None:
    """See a run through whose next training pod has still to start."""
    player.end(player.start(ChildStage.TRAIN), TRAINED)
    player.await_success()


def test_one_leads_and_the_other_stands_by(scene: Scene) -> None:
    aside = scene.proxy()
    scene.leader("first")
    second = scene.operator("second", proxy=aside)
    second.ready()
    player = scene.player()
    player.play()
    assert scene.holder == "first"
    assert second.is_ready
    assert aside.writes == []
    assert aside.count(lambda asked: asked.is_watch) == 0
    assert second.process.terminate() == Exit.STOPPED
    run_invariants.hold_of_one_run(player.record)


def test_killed_the_other_goes_on_after_the_lease(scene: Scene) -> None:
    first = scene.leader("first", **QUICK)
    scene.operator("second", **QUICK).ready()
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    first.process.kill()
    player.end(pod, STOPPED)
    finish(player)
    assert scene.holder == "second"
    run_invariants.hold_of_one_run(player.record)


def test_killed_and_started_again_it_leads_at_once(scene: Scene) -> None:
    first = scene.leader("first")
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    first.process.kill()
    before = len(player.record.versions(PODS))
    first.process.start()
    first.ready()
    assert len(player.record.versions(PODS)) == before
    player.end(pod, STOPPED)
    finish(player)
    run_invariants.hold_of_one_run(player.record)


def test_told_to_stop_it_hands_over_at_once(scene: Scene) -> None:
    first = scene.leader("first")
    scene.operator("second").ready()
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    assert first.process.terminate() == Exit.STOPPED
    scene.await_holder("second")
    player.end(pod, STOPPED)
    finish(player)
    run_invariants.hold_of_one_run(player.record)


@pytest.mark.parametrize("when", [STATUS, JOB], ids=["status", "job"])
def test_told_to_stop_amid_a_pass_it_ends_the_pass(scene: Scene, when: When) -> None:
    proxy = scene.proxy()
    first = scene.leader("first", proxy=proxy)
    scene.operator("second").ready()
    held = proxy.hold(when, Side.AFTER)
    player = scene.player()
    player.create()
    held.await_reached()
    with ThreadPoolExecutor(1) as aside:
        stopped = aside.submit(first.process.terminate)
        until(lambda: first.entries[-1]["event"].startswith("told to stop"))
        held.release()
        assert stopped.result() == Exit.STOPPED
    player.check()
    finish(player)
    assert ("POST", f"/apis/batch/v1/namespaces/{scene.namespace}/jobs") in proxy.writes
    run_invariants.hold_of_one_run(player.record)


def test_frozen_past_its_lease_and_thawed_it_writes_nothing_more(scene: Scene) -> None:
    proxy = scene.proxy()
    first = scene.leader("first", proxy=proxy, **QUICK)
    scene.operator("second", **QUICK).ready()
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    first.process.freeze()
    scene.await_holder("second")
    player.end(pod, STOPPED)
    finish(player)
    before = player.record
    scene.jobs.delete()
    run_invariants.nothing_is_left(before)
    run_invariants.hold_of_one_run(before)
    player.play()
    written = len(proxy.writes)
    first.process.thaw()
    assert first.process.wait() == Exit.FAILED
    assert len(proxy.writes) == written
    run_invariants.hold_of_one_run(player.record)


@pytest.mark.parametrize("number", [*BEFORE_JOBS, *JOBS, END])
def test_frozen_amid_a_pass_and_thawed_it_does_not_end_the_pass(scene: Scene, number: int) -> None:
    proxy = scene.proxy()
    first = scene.leader("first", proxy=proxy, **QUICK)
    scene.operator("second", **QUICK).ready()
    held = proxy.hold(any_write, Side.AFTER, nth=number)
    player = scene.player()
    with ThreadPoolExecutor(1) as aside:
        played = aside.submit(player.play)
        held.await_reached()
        first.process.freeze()
        held.release()
        played.result()
    first.process.thaw()
    assert first.process.wait() == Exit.FAILED
    assert len(proxy.writes) == number
    run_invariants.hold_of_one_run(player.record)


@pytest.mark.parametrize("number", [*BEFORE_JOBS, *JOBS, END])
def test_a_write_that_comes_when_another_leads_changes_nothing(scene: Scene, number: int) -> None:
    """No lock helps against what is on its way already; the objects themselves have to."""
    proxy = scene.proxy()
    first = scene.leader("first", proxy=proxy, **QUICK)
    scene.operator("second", **QUICK).ready()
    held = proxy.hold(any_write, Side.BEFORE, nth=number)
    player = scene.player()
    with ThreadPoolExecutor(1) as aside:
        played = aside.submit(player.play)
        held.await_reached()
        first.process.freeze()
        played.result()
    before, released = scene.jobs.get(), datetime.now(UTC)
    held.release()
    until(lambda: scene.conflicts(since=released) == 1)
    assert scene.jobs.get() == before
    run_invariants.hold_of_one_run(player.record)


def test_a_job_that_comes_for_a_deleted_object_goes_again(scene: Scene) -> None:
    proxy = scene.proxy()
    first = scene.leader("first", proxy=proxy, **QUICK)
    scene.operator("second", **QUICK).ready()
    held = proxy.hold(JOB, Side.BEFORE, nth=2)
    player = scene.player()
    player.create()
    player.check()
    held.await_reached()
    first.process.freeze()
    scene.jobs.delete()
    run_invariants.nothing_is_left(player.record)
    late = player.record
    player.create()
    pod = player.start(ChildStage.CHECK)
    held.release()
    late.until(
        lambda: any(stage_of(one) == ChildStage.TRAIN for one in late.versions(api_history.JOBS))
    )
    player.end(pod, CHECKED)
    finish(player)
    run_invariants.nothing_is_left(late)


def stage_of(version: Version) -> str:
    """The stage of a child Job."""
    return str(version.body["metadata"]["labels"][STAGE_LABEL])
