"""Carries a plan out, in the one order that survives being cut off anywhere.

What is in the way goes first. The status is written before anything is made, at exactly the
resource version that the plan was made from: whoever decided on an older one makes nothing. Events
come last, since losing one loses nothing.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from preference_api.v1alpha1 import API_VERSION, KIND
from preference_api.v1alpha1.status import PreferenceJobStatus, Progress
from preference_operator.bodies import Kind
from preference_operator.children import child_job
from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import AlreadyExists, Conflict, NotFound, Refused
from preference_operator.conditions import cut
from preference_operator.diagnose import Diagnosis
from preference_operator.logs import about
from preference_operator.merge_patch import merge_patch
from preference_operator.metrics import Metrics
from preference_operator.objects import Job
from preference_operator.occupied import occupied, outlived
from preference_operator.plans import Note, Plan
from preference_operator.settings import Settings
from preference_operator.store import Store
from preference_operator.trainer_pod import Order

_PROGRESS = "progress"
_LOG = logging.getLogger(__name__)

MANAGER = "preference-operator"
"""Field manager of the status."""
PROGRESS_MANAGER = "preference-operator-progress"
"""Field manager of `status.progress`, which is written more often than the rest."""


Written = Callable[[PreferenceJobStatus], None]


def _nobody(_status: PreferenceJobStatus) -> None:
    """Whom nothing has to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The edge where plans become calls.

    cluster: Where they go.
    store: Learns what was written.
    metrics: Count what was done.
    """

    cluster: Cluster
    store: Store
    settings: Settings
    metrics: Metrics = field(default_factory=Metrics)

    async def act(
        self, job: Job, plan: Plan, *, now: datetime, written: Written = _nobody
    ) -> Diagnosis | None:
        """Do what the plan says; why a child could not be made, if so.

        Args:
            job: The object.
            plan: What to do about it.
            now: The time, aware.
            written: Told of the status once it stands, where it was not so before.

        Raises:
            ClusterError: A call failed; the rest of the plan is left undone.

        """
        for child in plan.delete:
            await self.cluster.delete_job(job.key[0], child.name, uid=child.uid)
        if plan.draft is not None:
            job = await self._write_status(job, plan.draft.status(), written)
        refusal = await self._create(job, plan.create) if plan.create else None
        if plan.progress is not None:
            await self.write_progress(job, plan.progress.value)
        if plan.note is not None:
            await self._tell(job, plan.note, now)
        if plan.remove:
            await self._remove(job)
        return refusal

    async def _write_status(self, job: Job, status: PreferenceJobStatus, written: Written) -> Job:
        before = {name: part for name, part in job.stored.items() if name != _PROGRESS}
        wanted = _dump(status.model_copy(update={_PROGRESS: None}))
        changes = merge_patch(before, wanted)
        if not changes:
            return job
        job = await self._patch(job, changes, MANAGER)
        written(status)
        return job

    async def write_progress(self, job: Job, progress: Progress | None) -> Job:
        """Write `status.progress`, or take it away.

        Raises:
            ClusterError: The call failed.

        """
        before = job.stored.get(_PROGRESS)
        change = None if progress is None else merge_patch(before, _dump(progress))
        return await self._patch(job, {_PROGRESS: change}, PROGRESS_MANAGER)

    async def _patch(self, job: Job, changes: dict[str, Any], manager: str) -> Job:
        namespace, name = job.key
        answer = await self.cluster.patch_status(
            namespace, name, resource_version=job.resource_version, changes=changes, manager=manager
        )
        self.store.put(Kind.PREFERENCE_JOBS, answer)
        return job.at_version(answer["metadata"]["resourceVersion"])

    async def _create(self, job: Job, order: Order) -> Diagnosis | None:
        manifest = child_job(order, self.settings)
        if order.left:
            return await self._outlived(job, manifest["metadata"]["name"], order.left[0])
        try:
            made = await self.cluster.create_job(manifest)
        except AlreadyExists:
            made = await self._standing(job.key[0], manifest["metadata"]["name"])
            taken = occupied(made, job)
            if taken is not None:
                return taken
        except Refused as refusal:
            return _refused(refusal)
        self.store.put(Kind.JOBS, made)
        return None

    async def _outlived(self, job: Job, name: str, pod: str) -> Diagnosis | None:
        """Why a child has to wait for a pod; its Job is gone, or is not seen for another reason."""
        try:
            standing = await self.cluster.read_job(job.key[0], name)
        except NotFound:
            return outlived(pod)
        taken = occupied(standing, job)
        if taken is None:
            self.store.put(Kind.JOBS, standing)
        return taken

    async def _standing(self, namespace: str, name: str) -> dict[str, Any]:
        try:
            return await self.cluster.read_job(namespace, name)
        except NotFound as error:
            # Not the PreferenceJob: what stood in its child's place went just now.
            raise Conflict(f"Job {name} went while it was looked at") from error

    async def _tell(self, job: Job, note: Note, now: datetime) -> None:
        level = logging.WARNING if note.warning else logging.INFO
        _LOG.log(level, note.message, extra=about(job.key, reason=note.reason))
        await self.cluster.create_event(_event(job, note, now))
        self.metrics.posted_event()

    async def _remove(self, job: Job) -> None:
        namespace, name = job.key
        await self.cluster.delete_preference_job(
            namespace, name, uid=job.uid, resource_version=job.resource_version
        )


def _dump(model: PreferenceJobStatus | Progress) -> dict[str, Any]:
    """The model as JSON knows it: numbers that are not finite are left out."""
    text = model.model_dump_json(by_alias=True, exclude_none=True)
    found: dict[str, Any] = json.loads(
        text, parse_constant=lambda _name: None, object_pairs_hook=_given
    )
    return found


def _given(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None}


def _refused(refusal: Refused) -> Diagnosis:
    return Diagnosis(
        reason="JobRefused",
        message=f"the API server refuses the Job: {refusal.message}",
        remedy="Correct the field or the policy that it names; it is tried again by itself.",
    )


def _event(job: Job, note: Note, now: datetime) -> dict[str, Any]:
    """The Event of a note (events.k8s.io/v1)."""
    namespace, name = job.key
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": namespace, "name": note.name},
        "type": "Warning" if note.warning else "Normal",
        "reason": note.reason,
        "note": cut(note.message),
        "action": "Reconcile",
        "eventTime": now.isoformat(timespec="microseconds"),
        "reportingController": "preference.dev/operator",
        "reportingInstance": MANAGER,
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "namespace": namespace,
            "name": name,
            "uid": job.uid,
            "resourceVersion": job.resource_version,
        },
    }
