"""Many runs at once, each with its own fault at one of its writes.

A lane is a namespace in which one run after the other is played.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from traceback import format_exception_only

import plane_objects
import run_world
from api_faults import Asked
from api_history import Record
from awaiting import until
from run_stories import Story
from run_world import Around, World

_MOST_MORE = 6
"""Writes that a fault may cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Where runs are played one after the other: a namespace, and the operator's world."""

    world: World
    namespace: str


@contextmanager
def lanes(around: Around, folder: Path, *, count: int) -> Iterator[list[Lane]]:
    """Lanes of one operator, which knows no namespace but theirs."""
    names = [f"lane-{uuid.uuid4().hex[:8]}" for _number in range(count)]
    for name in names:
        plane_objects.make_namespace(around.plane, name)
    with run_world.operated(around, folder, namespaces=names) as world:
        yield [Lane(world=world, namespace=name) for name in names]


@dataclass(slots=True)
class WritesOf:
    """Fits the writes for one PreferenceJob, and counts them.

    Not every path names it, so they are those in its namespace from the first on that does; of
    another one's there, played before, the last may still be on its way until then.
    """

    namespace: str
    name: str
    count: int = field(default=0, init=False)

    def __call__(self, asked: Asked) -> bool:
        if not asked.is_write or f"/namespaces/{self.namespace}/" not in asked.path:
            return False
        if self.count or f"/{self.name}/" in asked.path:
            self.count += 1
        return self.count > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fault, and the number of the write that it meets in a story."""

    story: Story
    number: int
    fault: str

    @property
    def write(self) -> str:
        """What is written there."""
        return self.story.writes[self.number - 1]

    @property
    def name(self) -> str:
        """Name of the PreferenceJob."""
        return f"write-{self.number}-{self.fault}"

    def __str__(self) -> str:
        return f"{self.fault} at write {self.number} of {len(self.story.writes)}, {self.write}"


Attempt = Callable[[Lane, Case], None]


def cases_of(story: Story, faults: Iterable[str]) -> list[Case]:
    """Every write of a story with every fault."""
    numbers = range(1, len(story.writes) + 1)
    return [Case(story=story, number=n, fault=fault) for n in numbers for fault in faults]


def play(lane: Lane, case: Case, writes: WritesOf, *, most: int = 0) -> Record:
    """A whole story that is met by a fault, and what holds of every such story.

    Args:
        lane: Where it is played.
        case: The fault.
        writes: Those that the fault counts.
        most: How many there may be; 0 for what a single fault may cost.
    """
    player = lane.world.player(lane.namespace, case.name)
    case.story.play(player)
    until(lambda: writes.count >= case.number)
    most = most or len(case.story.writes) + _MOST_MORE
    assert writes.count <= most, f"there were {writes.count} writes"
    case.story.holds(player.record)
    return player.record


def failures(lanes: Sequence[Lane], cases: Sequence[Case], attempt: Attempt) -> list[str]:
    """What went wrong with which case; all lanes at once attempt some of them each."""

    def one_by_one(number: int) -> list[str]:
        own = cases[number :: len(lanes)]
        return [failure for case in own if (failure := _failure(lanes[number], case, attempt))]

    with ThreadPoolExecutor(len(lanes)) as pool:
        return [failure for found in pool.map(one_by_one, range(len(lanes))) for failure in found]


def _failure(lane: Lane, case: Case, attempt: Attempt) -> str:
    try:
        attempt(lane, case)
    except Exception as error:
        return f"{case}: {''.join(format_exception_only(error))}"
    return ""
