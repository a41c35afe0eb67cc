"""Where a model comes from, gathered from the object, the manifest and the bucket: pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import Field

from preference_api.identity import spec_hash
from preference_api.lineage import BucketLineage, Promotion, RunRecord, Unread
from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.status import Checkpoint, ConditionType, Resolved
from preference_api.wire import Origin, RunDocument
from preference_cli import figures
from preference_cli.cluster.job import Dataset, Job, Metrics
from preference_cli.target import Target


class EarlierRun(ApiModel):
    """Another run of the job."""

    run_id: str = Field(description="Its identity; empty where its check did not end.")
    number: int | None = Field(None, description="Its number, as the object counts.")
    reason: str = Field("", description="How it ended, as the object tells.")
    completion_time: datetime | None = Field(None, description="When it ended.")
    accuracy: float | None = Field(None, description="On the held-out pairs.")
    commit: str | None = Field(None, description="Commit that it was trained from.")


class Manifest(ApiModel):
    """A manifest by where it came from and what it asks for."""

    origin: Origin = Field(description="Its commit and repository.")
    spec_hash: str = Field(description="Hash of the part of it that decides the result.")

    @classmethod
    def of(cls, document: RunDocument) -> "Manifest":
        """The manifest that a document was made from."""
        return cls(origin=document.origin, spec_hash=spec_hash(document.spec))


class Gate(ApiModel):
    """What the gate decided about a run when it ended."""

    passed: bool = Field(description="Whether the run could become the current model.")
    message: str = Field("", description="Why.")


class Lineage(ApiModel):
    """Everything that is known of a run; what is not known is left out."""

    job: str = Field(description="Namespace and name.")
    run_id: str | None = Field(None, description="The run that is told of.")
    number: int | None = Field(None, description="Its number, as the object counts.")
    state: str = Field("", description="Where the object stands, if it is its present run.")
    dataset_changed_time: datetime | None = Field(
        None, description="When a changed dataset began the run."
    )
    origin: Origin = Field(description="Commit and repository that the run was trained from.")
    present: Manifest = Field(description="The manifest as it is now.")
    spec_hash: str = Field(description="Hash of the part of the manifest that decides the result.")
    nonce: str | None = Field(None, description="Its retrain.nonce.")
    base: str = Field(description="URI of the base model.")
    datasets: list[str] = Field(description="URIs of the pairs.")
    resolved: Resolved | None = Field(None, description="Digests of base model and pairs.")
    pairs: str = Field("", description="What the check counted.")
    stages: list[str] = Field(description="What is trained, one after the other.")
    checkpoints: list[Checkpoint] = Field(
        default_factory=list, description="Those that are kept, or the newest."
    )
    attempts: int | None = Field(None, description="Processes that worked at the run.")
    failures: int | None = Field(None, description="Attempts that failed, of the present run.")
    preemptions: int | None = Field(None, description="Attempts that were preempted, likewise.")
    metrics: Metrics | None = Field(None, description="Figures of the evaluation.")
    headline: str = Field("", description="How much better the model is, in a sentence.")
    gate: Gate | None = Field(None, description="What the gate said when the run ended.")
    model_uri: str = Field("", description="The published model.")
    report_uri: str = Field("", description="The report.")
    current: Promotion | None = Field(None, description="The current model of the job.")
    promotions: list[Promotion] = Field(description="Those that were current before.")
    earlier: list[EarlierRun] = Field(description="Other runs of the job.")
    unread: list[Unread] = Field(description="What could not be read.")


def gather(
    target: Target, run_id: str | None, bucket: BucketLineage | None, unread: list[Unread]
) -> Lineage:
    """What is known of a run.

    Args:
        target: The job.
        run_id: The run; the current one where None.
        bucket: What its bucket told; None where that could not be read at all.
        unread: What could not be read besides.
    """
    record = (bucket and bucket.run) or RunRecord(run_id=run_id or "")
    document = record.document or target.document
    present = target.job if target.job and _present_run(target.job) == record.run_id else None
    parts = (_of_document(document), _of_object(present), _of_record(record))
    return Lineage(
        job=target.name,
        run_id=record.run_id or None,
        present=Manifest.of(target.document),
        **{name: value for part in parts for name, value in part.items() if value is not None},
        current=bucket and bucket.current,
        promotions=bucket.history if bucket else [],
        earlier=list(_earlier(target.job, bucket, record.run_id)),
        unread=[*(bucket.unread if bucket else ()), *unread],
    )


def _present_run(job: Job) -> str:
    """The run that the status of an object is about."""
    return job.status.run.id if job.status.run else ""


def _of_document(document: RunDocument) -> dict[str, Any]:
    spec = document.spec
    dataset = spec.dataset
    parts = [dataset.uri, *(part.uri for part in dataset.mixture or ()), dataset.evaluation.uri]
    return {
        "origin": document.origin,
        "spec_hash": spec_hash(spec),
        "nonce": spec.retrain.nonce,
        "base": spec.model.uri,
        "datasets": [uri for uri in parts if uri],
        "resolved": document.resolved,
        "stages": [*(["SFT"] if spec.sft else []), spec.method.value],
    }


def _of_record(record: RunRecord) -> dict[str, Any]:
    result = record.result
    found = {"checkpoints": record.checkpoints or None, "attempts": record.attempts}
    if result is None:
        return found
    return {
        **found,
        "metrics": Metrics.model_validate(result.metrics.model_dump()),
        "headline": result.headline,
        "gate": Gate(passed=result.promoted, message=result.gate_message),
        "model_uri": result.model_uri,
        "report_uri": result.report_uri,
    }


def _of_object(job: Job | None) -> dict[str, Any]:
    """What the status tells of the run that it is about."""
    if job is None or job.status.run is None:
        return {}
    status, run = job.status, job.status.run
    return {
        "state": job.state,
        "number": run.number,
        "spec_hash": run.spec_hash or None,
        "dataset_changed_time": run.dataset_changed_time,
        "resolved": run.resolved and Resolved(run_id=run.id, **run.resolved.model_dump()),
        "pairs": status.dataset and _counts(status.dataset),
        "checkpoints": [Checkpoint(**status.checkpoint.model_dump())]
        if status.checkpoint and status.checkpoint.step is not None
        else None,
        "failures": status.attempts and status.attempts.failures,
        "preemptions": status.attempts and status.attempts.preemptions,
        "gate": _gate(job),
        **_of_result(job),
    }


def _counts(found: Dataset) -> str:
    numbers = map(figures.count, (found.pairs, found.evaluation_pairs, found.dropped))
    return "{} to train on, {} held out, {} left out".format(*numbers)


def _gate(job: Job) -> Gate | None:
    told = job.condition(ConditionType.EVALUATION_PASSED)
    if told is None or told.status not in ("True", "False"):
        return None
    return Gate(passed=told.status == "True", message=told.message)


def _of_result(job: Job) -> dict[str, Any]:
    """The result of the present run; status.result may be that of an earlier one."""
    result = job.status.result
    if result is None or f"/runs/{_present_run(job)}/" not in result.model_uri:
        return {}
    return {
        "metrics": result.metrics,
        "model_uri": result.model_uri,
        "report_uri": result.report_uri,
    }


def _earlier(job: Job | None, bucket: BucketLineage | None, told: str) -> Iterator[EarlierRun]:
    """The other runs that the status remembers, then those that only the bucket knows."""
    records = {record.run_id: record for record in (bucket.earlier if bucket else ())}
    history = (job.status.history if job else None) or ()
    others = [entry for entry in history if entry.run_id != told]
    for entry in others:
        yield EarlierRun(
            run_id=entry.run_id,
            number=entry.number,
            reason=entry.reason,
            completion_time=entry.completion_time,
            accuracy=entry.accuracy,
            commit=_commit(records.get(entry.run_id)),
        )
    known = {entry.run_id for entry in others}
    for record in records.values():
        if record.run_id not in known:
            accuracy = record.result.metrics.accuracy if record.result else None
            yield EarlierRun(run_id=record.run_id, accuracy=accuracy, commit=_commit(record))


def _commit(record: RunRecord | None) -> str | None:
    return record.document.origin.commit if record and record.document else None
