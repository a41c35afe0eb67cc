"""Each single write of a run fails once, in every way in which a write can fail."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

import fault_lanes
import run_world
from api_faults import Asked, When
from api_proxy import ApiProxy
from control_plane import ControlPlane
from fault_lanes import Case, Lane, WritesOf, cases_of, failures, play
from run_stories import CHANGED, WHOLE, written

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

LANES = 12
ALWAYS = 1_000_000


def answered(status: int, **how: Any) -> Callable[..., None]:
    """Have writes answered so, without the API server hearing of them."""

    def fault(proxy: ApiProxy, when: When, **which: int) -> None:
        proxy.answer(when, status, **how, **which)

    return fault


FAULTS: Mapping[str, Callable[..., None]] = {
    "conflict": answered(409),
    "throttled": answered(429, retry_after=1),
    "failed": answered(500),
    "forbidden": answered(403),
    "cut": ApiProxy.refuse,
    "lost": ApiProxy.lose_answer,
}
_WHOLE, _CHANGED = cases_of(WHOLE, FAULTS), cases_of(CHANGED, FAULTS)
_LOST = [case for case in _WHOLE if case.fault == "lost"]
_MAKING = [case for case in _WHOLE if case.write.startswith("job")]
CASES = [
    pytest.param(list({*_LOST, *_MAKING}), id="some"),
    pytest.param([*_WHOLE, *_CHANGED], id="all", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def lanes(control: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    """Lanes of one operator."""
    folder = tmp_path_factory.mktemp("lanes")
    with (
        run_world.opened(control) as around,
        fault_lanes.lanes(around, folder, count=LANES) as opened,
    ):
        yield opened


@pytest.mark.parametrize("cases", CASES)
def test_any_write_may_fail_in_any_way(lanes: list[Lane], cases: list[Case]) -> None:
    failed = failures(lanes, cases, fail_once)
    assert not failed, "\n".join(failed)


def fail_once(lane: Lane, case: Case) -> None:
    """Have a write fail, and see the story through."""
    writes = WritesOf(lane.namespace, case.name)
    FAULTS[case.fault](lane.world.proxy, writes, nth=case.number)
    record = play(lane, case, writes)
    more = Counter(written(record)) - Counter(case.story.writes)
    surplus = {write for write in more if not write.startswith("status")}
    refused = case.fault == "forbidden" and case.write.startswith("job")
    assert surplus == ({"event JobRefused"} if refused else set())


@dataclass(slots=True)
class EveryOther:
    """Fits every other write of those."""

    writes: WritesOf

    def __call__(self, asked: Asked) -> bool:
        return self.writes(asked) and self.writes.count % 2 == 1


def test_every_other_write_may_fail_in_any_way(lanes: list[Lane]) -> None:
    cases = [
        Case(story=story, number=1, fault=fault) for story in (WHOLE, CHANGED) for fault in FAULTS
    ]
    failed = failures(lanes, cases, fail_and_fail)
    assert not failed, "\n".join(failed)


def fail_and_fail(lane: Lane, case: Case) -> None:
    """Have every other write fail, and see the story through."""
    writes = WritesOf(lane.namespace, case.name)
    FAULTS[case.fault](lane.world.proxy, EveryOther(writes), times=ALWAYS)
    play(lane, case, writes, most=3 * len(case.story.writes))
