"""Speed and memory of the operator, beside bare batch/v1 Jobs that the same client makes.

    python benchmarks/operator [latency] [burst] [steady]

Takes about seven minutes and the programs that the operator's tests take (tests/programs.py). Each
part has a control plane of its own: etcd, API server and controller manager, no scheduler and no
node. The operator is a process with its own service account and the rights that it ships with.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))

import pace
import steady
import world
from client import Client
from trainings import Figures
from world import BARE, OURS, Side

from processes import free_port

SETTLED_SECONDS = 300.0
TURNS = 4


class Line(NamedTuple):
    """A line of the table."""

    what: str
    bare: str
    ours: str
    bar: str = ""


async def latency(folder: Path, options: argparse.Namespace) -> list[Line]:
    """Both sides in turns, so that what else the machine does falls on both."""
    turns: dict[Side, list[list[float]]] = {BARE: [], OURS: []}
    with world.plane(folder) as plane, world.operator(plane):
        async with Client.connect(plane) as client:
            for turn in range(TURNS):
                names = [f"paced-{turn}-{number}" for number in range(options.paced // TURNS)]
                for side, found in turns.items():
                    found.append(await pace.latency(client, side, names, rate=options.rate))
    bare, ours = (list(chain(*found)) for found in turns.values())
    ratio = f"{median(ours) / median(bare):.1f} times"
    each = " ".join(f"{median(b) / median(a):.1f}" for a, b in zip(*turns.values(), strict=True))
    what = f"{options.paced} at {options.rate:g} a second"
    told = f"{median(ours):.1f} ms, {ratio} ({each})"
    return [
        Line(f"{what}, median", f"{median(bare):.1f} ms", told, "at most 4 times"),
        Line(f"{what}, p99", f"{pace.p99(bare):.0f} ms", f"{pace.p99(ours):.0f} ms", "150 ms"),
    ]


async def burst(folder: Path, options: argparse.Namespace) -> list[Line]:
    with world.plane(folder) as plane, world.operator(plane):
        async with Client.connect(plane) as client:
            bare = await pace.burst(client, BARE, count=options.many)
            since = datetime.now(UTC)
            ours = await pace.burst(client, OURS, count=options.many)
            calls = pace.calls(plane, since=since) / options.many
    return [
        Line(
            f"{options.many} at once", f"{bare:.0f} a second", f"{ours:.0f} a second", "at least 40"
        ),
        Line("calls of the operator an object", "", f"{calls:.2f}", "at most 5"),
    ]


async def steadily(folder: Path, options: argparse.Namespace) -> list[Line]:
    port, many = free_port(), options.many
    with world.plane(folder) as plane, world.operator(plane, trainer_port=port) as operator:
        async with Client.connect(plane) as client, Figures.served(port) as figures:
            await steady.start_trainings(client, count=many)
            await figures.until_answered(figures.answers + 2 * many, seconds=SETTLED_SECONDS)
            held = await steady.measure(plane, operator, seconds=options.seconds)
            again = await steady.restart(client, operator)
            await figures.until_answered(figures.answers + many, seconds=SETTLED_SECONDS)
            peak = world.Figures.of(operator.process.pid).peak
    seconds = f"{again.caught_up:.1f} s, of which {again.stopped:.1f} to stop"
    return [
        Line(f"{many} run, most memory", "", f"{held.resident:.0f} MiB", "160 MiB"),
        Line(f"{many} run, processor", "", f"{held.cores:.2f} cores", "0.5"),
        Line(f"{many} run, status writes", "", f"{held.writes:.0f} a second"),
        Line("restart until caught up", "", seconds, "15 s"),
        Line("restart until the first new Job", "", f"{again.reacted:.1f} s", "15 s"),
        Line("restart, most memory", "", f"{peak:.0f} MiB", "160 MiB"),
    ]


Part = Callable[[Path, argparse.Namespace], Coroutine[Any, Any, list[Line]]]
PARTS: Mapping[str, Part] = {
    "latency": latency,
    "burst": burst,
    "steady": steadily,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--paced", type=int, default=200, help="objects, one after the other")
    parser.add_argument("--rate", type=float, default=10, help="of these a second")
    parser.add_argument("--many", type=int, default=1000, help="objects at once")
    parser.add_argument("--seconds", type=float, default=120, help="that trainings are watched")
    options = parser.parse_args()
    unknown = set(options.parts) - PARTS.keys()
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return options


def main() -> None:
    options = arguments()
    print("| | bare Jobs | PreferenceJobs | bar | load |\n|---|---|---|---|---|")
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            lines = asyncio.run(PARTS[name](Path(folder) / name, options))
        for line in lines:
            print(f"| {' | '.join([*line, world.load()])} |", flush=True)
    print(f"\n{world.machine()}")


if __name__ == "__main__":
    main()
