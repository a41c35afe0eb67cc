"""Why a child Job has no pod, in the words of whoever should have made or admitted one."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from preference_operator.bodies import Body, waiting_since
from preference_operator.children import QUEUE_LABEL
from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import ClusterError
from preference_operator.diagnose import Diagnosis, complaint, held_back, not_taken, workload_of

_LOG = logging.getLogger(__name__)

Events = list[dict[str, Any]]

PODLESS = timedelta(seconds=5)
"""A Job without a pod for so long has a reason, which its controller or its queue tells."""
SILENT = timedelta(minutes=1)
"""So long after a Job was made Kueue has told of it, unless there is none."""
EVENTS_KEPT = timedelta(hours=1)
"""So long an API server keeps Events, if it is not told otherwise (--event-ttl)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanations:
    """Reads the Events that explain why nothing happens.

    They explain a delay only: where they cannot be read, a run goes on without them.
    """

    cluster: Cluster

    async def complaint(
        self, jobs: Iterable[Body], pods: Iterable[Body], now: datetime
    ) -> Diagnosis | None:
        """Why the Job controller makes no pod, where it should have made one by now."""
        with_pods = {owner["uid"] for pod in pods for owner in pod["metadata"]["ownerReferences"]}
        for job in jobs:
            bare = job["metadata"]["uid"] not in with_pods and not _held(job)
            if bare and _waits(job, now):
                return complaint(await self._about(job))
        return None

    async def queue(self, jobs: Sequence[Body], now: datetime) -> Diagnosis | None:
        """Why a queue holds a Job back; None where nothing is known of it."""
        for job in jobs:
            if _held(job) and _queue(job) and _waits(job, now):
                return await self._held_back(job, now)
        return None

    async def _held_back(self, job: Body, now: datetime) -> Diagnosis | None:
        name, events = job["metadata"]["name"], await self._about(job)
        workload = workload_of(events)
        further = await self._about_workload(job, workload) if workload else []
        said = held_back(name, _queue(job), events, further)
        silent = SILENT <= now - _made(job) < EVENTS_KEPT
        return not_taken(name, _queue(job)) if said is None and silent else said

    async def _about(self, job: Body) -> Events:
        namespace, uid = (job["metadata"][name] for name in ("namespace", "uid"))
        try:
            return await self.cluster.list_events(namespace, regarding_uid=uid)
        except ClusterError as error:
            _LOG.debug("events not read: %s", error)
            return []

    async def _about_workload(self, job: Body, name: str) -> Events:
        try:
            return await self.cluster.list_workload_events(job["metadata"]["namespace"], name)
        except ClusterError as error:
            _LOG.debug("events not read: %s", error)
            return []


def _held(job: Body) -> bool:
    return bool(job["spec"].get("suspend"))


def _queue(job: Body) -> str:
    return str((job["metadata"].get("labels") or {}).get(QUEUE_LABEL, ""))


def _made(job: Body) -> datetime:
    return datetime.fromisoformat(job["metadata"]["creationTimestamp"])


def _waits(job: Body, now: datetime) -> bool:
    """Whether a Job that is not over should have begun by now."""
    ended = any(
        one.get("type") in ("Complete", "Failed") for one in job["status"].get("conditions") or ()
    )
    going = "deletionTimestamp" in job["metadata"]
    return not ended and not going and now - datetime.fromisoformat(waiting_since(job)) >= PODLESS
