"""The operator as a process: stand by, lead, stop."""

import asyncio
import logging
from enum import IntEnum
from importlib.metadata import version

from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import ClusterError
from preference_operator.election import Election
from preference_operator.families import State, families
from preference_operator.health import HealthServer, LoopLag
from preference_operator.leader import Leader
from preference_operator.metrics import Metrics
from preference_operator.settings import Settings, SettingsError
from preference_operator.stopping import first, listen

_LOG = logging.getLogger(__name__)

MOST_LAG_SECONDS = 30.0
_WIND_UP_SECONDS = 5.0


class Exit(IntEnum):
    """How the process ends."""

    STOPPED = 0
    FAILED = 1
    BAD_SETTINGS = 2


async def run(settings: Settings) -> Exit:
    """Run the operator until it is told to stop, or must not lead any more."""
    try:
        metrics = Metrics()
        async with Cluster.connect(settings, metrics) as cluster:
            return await _Process(cluster, settings, metrics).run()
    except SettingsError as error:
        _LOG.error("%s", error)
        return Exit.BAD_SETTINGS
    except ClusterError as error:
        _LOG.error("%s", error)
        return Exit.FAILED


class _Process:
    def __init__(self, cluster: Cluster, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._election = Election(cluster, settings)
        self._told = asyncio.Event()
        self._leader = Leader(
            cluster=cluster.guarded(self._election.require),
            settings=settings,
            stop=self._told,
            metrics=metrics,
        )
        self._lag = LoopLag(most_seconds=MOST_LAG_SECONDS)
        self._health = HealthServer(
            settings.health_port,
            liveness={
                "loop": self._lag.check,
                "lease": self._lease,
                "cluster": self._silent,
            },
            readiness={"cluster": self._ready},
            pages={"/metrics": self._told_in_numbers},
        )

    async def run(self) -> Exit:
        await self._health.start()
        candidacy = asyncio.create_task(self._election.run())
        # However it ends, nobody renews the Lease from then on.
        candidacy.add_done_callback(lambda _ended: self._election.lost.set())
        tasks = [asyncio.create_task(self._lag.run()), candidacy]
        try:
            if not await self._stand_by():
                return Exit.STOPPED
            return await self._lead()
        finally:
            for task in tasks:
                task.cancel()
            await self._election.release()
            await self._health.stop()

    async def _stand_by(self) -> bool:
        """Wait until this process leads; False where it was told to stop before."""
        listen(self._told)
        await first(self._told.wait(), self._election.leading.wait())
        return not self._told.is_set()

    async def _lead(self) -> Exit:
        """Lead until told to stop, or until the Lease is lost."""
        work = asyncio.create_task(self._leader.run())
        await first(asyncio.shield(work), self._election.lost.wait())
        if work.done():
            await work
            return Exit.STOPPED
        work.cancel()
        await asyncio.wait([work], timeout=_WIND_UP_SECONDS)
        return Exit.FAILED

    async def _told_in_numbers(self, accept: str) -> tuple[bytes, str]:
        told = families(self._state(), most_jobs=self._settings.metrics_jobs)
        return await self._metrics.told(accept, told)

    def _state(self) -> State:
        """What stands now; of the objects only where this process leads, and knows them all."""
        election, leader = self._election, self._leader
        known = leader.store.figures() if leader.caught_up else ()
        jobs = [job for job in known if leader.reach.knows(job.key)]
        counts = ((job.key, self._metrics.attempts.of(job.key, job.uid)) for job in jobs)
        return State(
            version=version("preference-operator"),
            leads=election.leading.is_set() and not election.lost.is_set(),
            waiting=leader.queue.depth,
            jobs=jobs,
            heard=leader.hearing.by_resource(),
            attempts={key: dict(reasons) for key, reasons in counts if reasons},
        )

    def _lease(self) -> str | None:
        return (
            "this process has to end: it lost the Lease" if self._election.lost.is_set() else None
        )

    def _silent(self) -> str | None:
        return self._leader.silent() if self._election.leading.is_set() else None

    def _ready(self) -> str | None:
        if not self._election.leading.is_set():
            return None if self._election.reachable else "the Lease cannot be read"
        return None if self._leader.caught_up else "not everything is listed yet"
