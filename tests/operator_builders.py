"""Builders of what the operator reads: PreferenceJobs, child Jobs in any state, their pods.

Bodies are as the Kubernetes API shows them. A `case` is one moment of one PreferenceJob.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pod_states import said
from preference_api.children import ChildStage
from preference_api.v1alpha1.status import Attempts, Metrics, Resolved
from preference_api.wire import CheckSummary, LiveProgress, TrainSummary
from preference_operator.bodies import Body
from preference_operator.children import ATTEMPTS_ANNOTATION, child_job
from preference_operator.objects import Job, read_job
from preference_operator.observe import Facts, observe
from preference_operator.plan import plan
from preference_operator.plans import Plan
from preference_operator.settings import Settings
from preference_operator.trainer_pod import Order

NOW = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
SETTINGS = Settings(trainer_image="registry.example/trainer:1", allowed_images=("ours/*",))
UID = "0b1f6c1e-0000-4000-8000-000000000001"
SPEC: Body = {
    "method": "DPO",
    "model": {"uri": "s3://bucket/base"},
    "dataset": {"uri": "s3://bucket/pairs.jsonl"},
    "output": {"uri": "s3://bucket/output"},
}
CHECK, TRAIN, LIST = ChildStage
COMPLETE = ("Complete", "CompletionsReached")
FAULT = ("Failed", "PodFailurePolicy")
USED_UP = ("Failed", "FailedIndexes")
SUMMARY = TrainSummary(
    run_id="run-1",
    model_uri="s3://bucket/output/runs/run-1/model",
    report_uri="s3://bucket/output/runs/run-1/report.html",
    metrics=Metrics(accuracy=0.64, margin=0.5),
    headline="18 points better.",
)
RESOLVED = Resolved(run_id="run-1", dataset_digest="d" * 64, model_digest="e" * 64)
CHECKED = said(
    0,
    check=CheckSummary(resolved=RESOLVED, reused=False, pairs=90, evaluation_pairs=10, dropped=1),
)
REUSED = said(
    0,
    check=CheckSummary(resolved=RESOLVED, reused=True, pairs=90, evaluation_pairs=10, dropped=1),
    result=SUMMARY,
)
TRAINED = said(0, result=SUMMARY)


def at(seconds: float) -> str:
    """A moment after the start of every case, as Kubernetes writes times."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def preference_job(*, status: Any = None, spec: Any = None, **metadata: Any) -> Body:
    """A PreferenceJob; fields of the spec replace whole blocks, as in a manifest."""
    about = {
        "namespace": "team",
        "name": "job",
        "uid": UID,
        "generation": 1,
        "resourceVersion": "1",
        "creationTimestamp": at(0),
        **metadata,
    }
    whole = {**SPEC, **(spec or {})}
    return {"metadata": about, "spec": whole, **({} if status is None else {"status": status})}


def hash_of(body: Body) -> str:
    """The hash of the spec of a PreferenceJob."""
    return read_job(body).spec_hash


def child(
    owner: Body,
    stage: ChildStage,
    end: tuple[str, str] | None = None,
    *,
    attempts: Attempts | None = None,
    ended: float = 30,
    **changes: Any,
) -> Body:
    """A child Job as the operator makes it and the API server keeps it.

    `end` is a condition's type and reason; changes are `deleting`, `queued`, `status`.
    """
    job = read_job(owner)
    assert job.spec is not None
    order = Order(
        job=job,
        spec=job.spec,
        stage=stage,
        run_hash=job.spec_hash if stage is LIST else job.run_hash,
        resolved=RESOLVED if stage is TRAIN else None,
        attempts=attempts or Attempts(),
    )
    body = child_job(order, SETTINGS)
    name = body["metadata"]["name"]
    body["metadata"] |= {"uid": f"uid-of-{name}", "resourceVersion": "5"}
    body["metadata"] |= {"creationTimestamp": at(0)}
    if changes.get("deleting"):
        body["metadata"]["deletionTimestamp"] = at(1)
    body["spec"]["suspend"] = changes.get("queued", False)
    body["status"] = dict(changes.get("status", {}))
    if end is not None:
        about = {"type": end[0], "status": "True", "reason": end[1]}
        body["status"]["conditions"] = [{**about, "lastTransitionTime": at(ended)}]
    return body


def pod(
    owner: Body,
    phase: str = "Running",
    *,
    code: int | None = None,
    words: str = "",
    counts: tuple[int, int] = (0, 0),
    **changes: Any,
) -> Body:
    """A pod of a child Job, with the counts that its Job controller gave it at birth.

    Changes are `number`, `node`, `conditions`.
    """
    number, metadata = changes.get("number", sum(counts)), owner["metadata"]
    annotations = {"batch.kubernetes.io/job-index-failure-count": str(counts[0])}
    if counts[1]:
        annotations["batch.kubernetes.io/job-index-ignored-failure-count"] = str(counts[1])
    name = f"{metadata['name']}-0-{number:05d}"
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"]}
    status: Body = {"phase": phase, "conditions": changes.get("conditions", [])}
    if code is not None:
        over = {"exitCode": code, "reason": "Error", "message": words, "finishedAt": at(20)}
        status["containerStatuses"] = [{"name": "trainer", "state": {"terminated": over}}]
        status["phase"] = "Failed" if code else "Succeeded"
    return {
        "metadata": {
            "namespace": metadata["namespace"],
            "name": name,
            "uid": f"uid-of-{name}",
            "resourceVersion": "6",
            "creationTimestamp": at(10 * number),
            "labels": dict(metadata["labels"]),
            "annotations": annotations,
            "ownerReferences": [{**reference, "uid": metadata["uid"], "controller": True}],
        },
        "spec": {"nodeName": changes.get("node", "node-7")},
        "status": status,
    }


@dataclass(frozen=True, kw_only=True)
class Case:
    """One PreferenceJob at one moment."""

    body: Body
    jobs: tuple[Body, ...] = ()
    pods: tuple[Body, ...] = ()
    live: LiveProgress | None = None

    @property
    def job(self) -> Job:
        """The PreferenceJob as the operator reads it."""
        return read_job(self.body)

    def plan(self, *, seconds: float = 60, settings: Settings = SETTINGS, **facts: Any) -> Plan:
        """What the operator decides so many seconds after the start."""
        seen = observe(Facts(jobs=self.jobs, pods=self.pods, live=self.live, **facts))
        return plan(self.job, seen, now=NOW + timedelta(seconds=seconds), settings=settings)


def case(body: Body, *children: Body | tuple[Body, ...], live: LiveProgress | None = None) -> Case:
    """A case; a child is a Job, or a Job followed by its pods, oldest first."""
    groups = [one if isinstance(one, tuple) else (one,) for one in children]
    pods = tuple(pod for group in groups for pod in group[1:])
    return Case(body=body, jobs=tuple(group[0] for group in groups), pods=pods, live=live)


def written(body: Body, decided: Plan) -> Body:
    """The PreferenceJob once the writes of a plan are made."""
    status = dict(body.get("status") or {})
    progress = status.get("progress")
    if decided.draft is not None:
        status = decided.draft.status().model_dump(mode="json", by_alias=True, exclude_none=True)
        status |= {} if progress is None else {"progress": progress}
    if decided.progress is not None:
        status.pop("progress", None)
        if decided.progress.value is not None:
            status["progress"] = decided.progress.value.model_dump(mode="json", by_alias=True)
    return {**body, "status": status}


def edited(body: Body, **spec: Any) -> Body:
    """The PreferenceJob after an edit of its spec."""
    generation = body["metadata"]["generation"] + 1
    metadata = {**body["metadata"], "generation": generation}
    return {**body, "metadata": metadata, "spec": {**body["spec"], **spec}}


def conditions(body: Body) -> dict[str, Body]:
    """The conditions of a PreferenceJob by type."""
    return {one["type"]: one for one in body["status"].get("conditions", ())}


def checked(**spec: Any) -> Body:
    """A PreferenceJob whose check is read: it is about to train."""
    body = preference_job(spec=spec)
    done = child(body, CHECK, COMPLETE)
    return written(body, case(body, (done, pod(done, code=0, words=CHECKED))).plan())


def finished(**spec: Any) -> Body:
    """A PreferenceJob that is trained."""
    body = checked(**spec)
    done = child(body, TRAIN, COMPLETE)
    return written(body, case(body, (done, pod(done, code=0, words=TRAINED))).plan())


def carried(job: Body) -> Attempts:
    """The attempts that a child Job was born with."""
    return Attempts.model_validate_json(job["metadata"]["annotations"][ATTEMPTS_ANNOTATION])
