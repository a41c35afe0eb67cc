"""One process leads: an election by a Lease, with the rules of Kubernetes' own components.

Times of other machines are never compared with this one's: whoever stands by measures for how long
the Lease has not changed, and whoever leads how long ago its last renewal began, both by a clock
that goes on while a process is stopped. Leading ends some seconds before anyone may take over.
(coordination.k8s.io/v1 Lease; the rules are those of client-go's leaderelection package.)
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import (
    AlreadyExists,
    ClusterError,
    Conflict,
    NotFound,
    NotLeading,
)
from preference_operator.connection import Object
from preference_operator.lease import Record, Step, decide, free, held
from preference_operator.settings import Settings

_LOG = logging.getLogger(__name__)


class Election:
    """A candidate, and the leader once it holds the Lease.

    leading: Set once the Lease is held.
    lost: Set when it is not certainly held any more; the process has to end then.
    reachable: Whether the last look at the Lease succeeded.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.leading = asyncio.Event()
        self.lost = asyncio.Event()
        self.reachable = False
        self._cluster = cluster
        self._settings = settings
        self._clock = clock
        self._seen: tuple[Record | None, float] = (None, clock())
        self._lease: Object | None = None
        self._since = ""
        self._renewal_began: float | None = None
        self._trouble: type[ClusterError] | None = None

    def holds_certainly(self) -> bool:
        """Whether nobody can have taken over: the last successful renewal began recently."""
        return self._seconds_left() > 0

    def require(self) -> None:
        """Return where the Lease is certainly held.

        Raises:
            NotLeading: It is not.
        """
        if not self.holds_certainly():
            raise NotLeading("the Lease is not certainly held by this process")

    async def run(self) -> None:
        """Stand by, lead, and return when leading is lost."""
        retry, identity = self._settings.retry_seconds, self._settings.identity
        await self._look()
        while not self.holds_certainly():
            await asyncio.sleep(retry * (1 + random.random() / 2))
            await self._look()
        _LOG.info("leading", extra={"identity": identity})
        self.leading.set()
        while self.holds_certainly():
            await self._look()
            await asyncio.sleep(max(0.0, min(retry, self._seconds_left())))
        _LOG.error("leading is lost", extra={"identity": identity})
        self.lost.set()

    async def release(self) -> None:
        """Give the Lease up, so that whoever stands by need not wait for its end.

        To be called when `run` has ended or was cancelled and nothing is written any more.
        """
        self._renewal_began = None
        if not self._since:
            return
        try:
            await self._twice(self._free)
        except ClusterError as error:
            _LOG.warning("the Lease was not given up: %s", error)

    async def _free(self) -> None:
        lease = await self._read()
        if lease is not None and self._decide(lease) is Step.RENEW:
            body = free(lease, now=datetime.now(UTC))
            await self._cluster.replace_lease(body, seconds=self._call_seconds())

    async def _look(self) -> None:
        """Renew the Lease, or take it where that is allowed."""
        try:
            await self._twice(self._attempt)
        except ClusterError as error:
            self.reachable = False
            if type(error) is not self._trouble:
                _LOG.warning("the Lease is out of reach: %s", error)
            self._trouble = type(error)
        else:
            self.reachable, self._trouble = True, None

    async def _twice(self, action: Callable[[], Awaitable[None]]) -> None:
        try:
            await action()
        except (Conflict, AlreadyExists, NotFound):
            # Somebody else wrote it, or a write of our own was carried out without an answer.
            self._lease = None
            await action()

    async def _attempt(self) -> None:
        began = self._clock()
        lease = self._lease if self._since else None
        lease = lease or await self._read()
        match self._decide(lease):
            case Step.TAKE | Step.RENEW:
                self._lease = await self._write(lease)
                self._since = self._lease["spec"]["acquireTime"]
                self._renewal_began = began
            case Step.LOSE:
                _LOG.error("another process took the Lease", extra={"lease": lease})
                self._lease, self._since, self._renewal_began = None, "", None

    def _decide(self, lease: Object | None) -> Step:
        record = None if lease is None else Record.of(lease, self._settings)
        if record != self._seen[0]:
            self._seen = (record, self._clock())
        return decide(
            record,
            identity=self._settings.identity,
            since=self._since,
            unchanged=self._clock() - self._seen[1],
        )

    async def _read(self) -> Object | None:
        namespace, name = self._settings.lease_namespace, self._settings.lease_name
        try:
            return await self._cluster.read_lease(namespace, name, seconds=self._call_seconds())
        except NotFound:
            return None

    async def _write(self, lease: Object | None) -> Object:
        body = held(lease, self._settings, since=self._since, now=datetime.now(UTC))
        if lease is None:
            return await self._cluster.create_lease(body, seconds=self._call_seconds())
        return await self._cluster.replace_lease(body, seconds=self._call_seconds())

    def _call_seconds(self) -> float:
        """Two calls fit into the time of a renewal; none of a leader's outlasts it."""
        half = self._settings.renew_seconds / 2
        renewing = self.leading.is_set() and self._renewal_began is not None
        return min(half, self._seconds_left()) if renewing else half

    def _seconds_left(self) -> float:
        if self._renewal_began is None:
            return 0.0
        return self._renewal_began + self._settings.renew_seconds - self._clock()
