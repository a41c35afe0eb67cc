"""Many trainings that run, and an operator that is started anew among them."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from client import Arrivals, Client, at_once
from trainings import Nodes
from world import OURS, PODS, Figures, await_caught_up

from audit_log import service_account
from control_plane import ControlPlane
from operator_process import ACCOUNT, NAMESPACE, OperatorProcess

_RUNNING_SECONDS = 300.0
_CHILD_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """What the operator used: cores, MiB at most, status writes a second."""

    cores: float
    resident: float
    writes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Seconds of a restart, from SIGTERM on.

    stopped: The old process is gone.
    caught_up: The new one says that it knows everything, and is ready.
    reacted: The child of an object made in between is seen.
    """

    stopped: float
    caught_up: float
    reacted: float


async def start_trainings(client: Client, *, count: int) -> None:
    """Objects whose checks are done and whose trainings run."""

    async def create(number: int) -> None:
        name = f"steady-{number}"
        await client.create(OURS.objects_path, OURS.manifest(name))

    async with Nodes.at_work(client, PODS.format(OURS.namespace)) as nodes:
        await at_once(create, range(count))
        await nodes.until_running(count, seconds=_RUNNING_SECONDS)


async def measure(plane: ControlPlane, operator: OperatorProcess, *, seconds: float) -> Steady:
    """What the operator uses for so many seconds, looked at every second."""
    pid, since, resident = operator.process.pid, datetime.now(UTC), 0.0
    before, begin = Figures.of(pid).seconds, time.monotonic()
    while time.monotonic() - begin < seconds:
        await asyncio.sleep(1)
        resident = max(resident, Figures.of(pid).resident)
    took = time.monotonic() - begin
    used = Figures.of(pid).seconds - before
    noted = plane.audit.of(service_account(NAMESPACE, ACCOUNT), since=since)
    writes = sum(entry.subresource == "status" and entry.code == 200 for entry in noted)
    return Steady(cores=used / took, resident=resident, writes=writes / took)


async def restart(client: Client, operator: OperatorProcess) -> Restart:
    """End the operator as Kubernetes does, start it again, and make one more object meanwhile."""
    begin = time.monotonic()
    await asyncio.to_thread(operator.process.terminate)
    stopped = time.monotonic()
    operator.process.start()
    async with Arrivals.watched(client, OURS.children_path) as arrivals:
        await client.create(OURS.objects_path, OURS.manifest("late"))
        await asyncio.to_thread(await_caught_up, operator, times=2)
        caught_up = time.monotonic()
        await arrivals.count(1, seconds=_CHILD_SECONDS)
    return Restart(
        stopped=stopped - begin,
        caught_up=caught_up - begin,
        reacted=arrivals.first["late"] - begin,
    )
