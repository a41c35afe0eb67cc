"""Candidates for one Lease on a real API server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from cluster_calls import new_namespace
from control_plane import ControlPlane
from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import NotLeading
from preference_operator.election import Election
from preference_operator.settings import Settings

MOST_SECONDS = 60


async def eventually(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; fail where it never does."""
    async with asyncio.timeout(MOST_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


@dataclass
class Candidate:
    """An election, and the task that runs it."""

    election: Election
    task: asyncio.Task[None]

    async def leads(self) -> None:
        """Wait until it leads, certainly."""
        await asyncio.wait_for(self.election.leading.wait(), MOST_SECONDS)
        self.election.require()

    async def loses(self) -> None:
        """Wait until it knows that it does not lead any more."""
        await asyncio.wait_for(self.election.lost.wait(), MOST_SECONDS)
        await self.task
        with pytest.raises(NotLeading):
            self.election.require()

    async def stops(self) -> None:
        """End it, without giving the Lease up."""
        self.task.cancel()
        await asyncio.wait([self.task])


@dataclass
class World:
    """A namespace with a Lease, and whoever wants it."""

    plane: ControlPlane
    namespace: str
    stack: AsyncExitStack

    def settings(self, identity: str, **changes: Any) -> Settings:
        """Times are short; `changes` replace fields."""
        fields = {
            "kubeconfig": str(self.plane.kubeconfig),
            "lease_namespace": self.namespace,
            "lease_seconds": 3,
            "renew_seconds": 2,
            "retry_seconds": 0.1,
        }
        return Settings(identity=identity, **{**fields, **changes})

    async def cluster(self, settings: Settings) -> Cluster:
        """A connection that ends with the world."""
        return await self.stack.enter_async_context(Cluster.connect(settings))

    async def candidate(
        self, identity: str, *, clock: Callable[[], float] = time.monotonic, **changes: Any
    ) -> Candidate:
        """A candidate that runs."""
        settings = self.settings(identity, **changes)
        return self.run(Election(await self.cluster(settings), settings, clock=clock))

    def run(self, election: Election) -> Candidate:
        """Run an election until the world ends."""
        task = asyncio.create_task(election.run())
        self.stack.callback(task.cancel)
        return Candidate(election, task)

    async def request(self, method: str, *, name: str = "", body: Any = None) -> dict[str, Any]:
        """One request about Leases, with every right."""
        path = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/{name}".rstrip("/")
        _, answer = await asyncio.to_thread(self.plane.request, method, path, body)
        return dict(answer)

    async def lease(self) -> dict[str, Any]:
        """The Lease as it is."""
        return await self.request("GET", name="preference-operator")

    async def renewals(self, count: int) -> None:
        """Wait until the Lease was renewed so many times."""
        seen = set[str]()
        async with asyncio.timeout(MOST_SECONDS):
            while len(seen) <= count:
                seen.add((await self.lease())["spec"]["renewTime"])
                await asyncio.sleep(0.05)


def play(plane: ControlPlane, story: Callable[[World], Awaitable[None]]) -> None:
    """Run a story in a world of its own."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            await story(World(plane, new_namespace(plane), stack))

    asyncio.run(run())
