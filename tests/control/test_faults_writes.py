"""The operator is killed before and after each single write of a run, and started anew."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

import fault_lanes
import run_world
from api_faults import Side
from control_plane import ControlPlane
from fault_lanes import Case, Lane, WritesOf, cases_of, failures, play
from run_stories import CHANGED, WHOLE, written

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

LANES = 4
STORIES = {"whole": WHOLE, "changed": CHANGED}
_MOST_NOT_TAKEN = 2
_SIDES = [side.value for side in Side]
_CHANGED = cases_of(CHANGED, _SIDES)
_DELETING = [case for case in _CHANGED if case.write.startswith("delete")]
CASES = [
    pytest.param(cases_of(WHOLE, _SIDES), id="whole"),
    pytest.param(_DELETING, id="deleting"),
    pytest.param(_CHANGED, id="changed", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def lanes(control: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    """Lanes with an operator each."""
    folder = tmp_path_factory.mktemp("lanes")
    with run_world.opened(control) as around, ExitStack() as stack:
        opened = [fault_lanes.lanes(around, folder, count=1) for _lane in range(LANES)]
        yield [lane for one in opened for lane in stack.enter_context(one)]


@pytest.mark.parametrize("name", STORIES)
def test_the_writes_of_a_story(lanes: list[Lane], name: str) -> None:
    [lane, *_others] = lanes
    story, player = STORIES[name], lane.world.player(lane.namespace, name)
    before = len(lane.world.proxy.writes)
    story.play(player)
    player.record.until(lambda: story.writes[-1] in written(player.record))
    found = written(player.record)
    assert found == list(story.writes), "\n".join(["it wrote", *found])
    # One that comes with a version that is not the newest any more is not taken, and comes again.
    assert len(lane.world.proxy.writes) - before <= len(story.writes) + _MOST_NOT_TAKEN
    story.holds(player.record)


@pytest.mark.parametrize("cases", CASES)
def test_killed_at_any_write_it_goes_on(lanes: list[Lane], cases: list[Case]) -> None:
    failed = failures(lanes, cases, kill)
    assert not failed, "\n".join(failed)


def test_killed_after_every_write_it_gets_to_the_end(lanes: list[Lane]) -> None:
    [lane, *_others] = lanes
    writes = WritesOf(lane.namespace, "killed")
    proxy, kill = lane.world.proxy, start_anew(lane)
    kills = [proxy.kill_at_write(1, Side.AFTER, kill, when=writes) for _write in WHOLE.writes]
    player = lane.world.player(lane.namespace, "killed")
    WHOLE.play(player)
    proxy.heal()
    killed = sum(one.done for one in kills)
    assert killed == len(written(player.record)) > len(WHOLE.writes) / 2
    WHOLE.holds(player.record)


def kill(lane: Lane, case: Case) -> None:
    """Kill the operator before or after a write, start it anew, and see the story through."""
    writes = WritesOf(lane.namespace, case.name)
    side = Side(case.fault)
    killed = lane.world.proxy.kill_at_write(case.number, side, start_anew(lane), when=writes)
    record = play(lane, case, writes)
    killed.await_done()
    more = Counter(written(record)) - Counter(case.story.writes)
    assert not more, f"{more} were written besides"


def start_anew(lane: Lane) -> Callable[[], None]:
    """Kills the operator of a lane, and starts it again."""
    process = lane.world.operator.process

    def act() -> None:
        process.kill()
        process.start()

    return act
