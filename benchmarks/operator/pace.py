"""How soon a child stands: of single objects at a steady pace, and of many at once."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import datetime

from client import Arrivals, Client, at_once
from world import Side

from audit_log import service_account
from control_plane import ControlPlane
from operator_process import ACCOUNT, NAMESPACE

_CHILDREN_SECONDS = 180.0


async def latency(client: Client, side: Side, names: Sequence[str], *, rate: float) -> list[float]:
    """Milliseconds from the answer to each creation until the first child is seen."""
    answered: dict[str, float] = {}

    async def create(name: str) -> None:
        answered[name] = await client.create(side.objects_path, side.manifest(name))

    async with Arrivals.watched(client, side.children_path) as arrivals:
        begin = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, name in enumerate(names):
                await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
                group.create_task(create(name))
        await arrivals.count(len(names), seconds=_CHILDREN_SECONDS)
    return [1000 * (arrivals.first[name] - moment) for name, moment in answered.items()]


async def burst(client: Client, side: Side, *, count: int) -> float:
    """Objects a second, from the first creation until the last first child is seen."""

    async def create(number: int) -> None:
        name = f"burst-{number}"
        await client.create(side.objects_path, side.manifest(name))

    async with Arrivals.watched(client, side.children_path) as arrivals:
        begin = time.monotonic()
        await at_once(create, range(count))
        await arrivals.count(count, seconds=_CHILDREN_SECONDS)
    return count / (max(arrivals.first.values()) - begin)


def calls(plane: ControlPlane, *, since: datetime) -> int:
    """How often the operator has asked the API server since a moment, whatever it asked."""
    return len(plane.audit.of(service_account(NAMESPACE, ACCOUNT), since=since))


def p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[-1]
