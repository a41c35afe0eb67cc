"""The current model of a job: one pointer in the bucket, moved by a conditional write."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.wire import RunDocument
from preference_trainer.errors import StorageUnavailable
from preference_trainer.evaluation import Example, GateDecision, decide, decode_examples
from preference_trainer.log import log
from preference_trainer.metrics import Metrics
from preference_trainer.storage import Location, NotFound, PreconditionFailed, open_location

_TRIES = 5
_REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that may become the current model of a job.

    pointer: `jobs/<namespace>/<name>/current.json` below the output.
    """

    spec: PreferenceJobSpec
    run_id: str
    output: Location
    pointer: Location

    @classmethod
    def of(cls, document: RunDocument, *, metrics: Metrics) -> "Candidate":
        """The run of a checked document; its requests to storage are counted in the metrics."""
        assert document.resolved is not None
        spec = document.spec
        output = open_location(spec.output.uri, spec.storage, local=document.local, metrics=metrics)
        pointer = output / f"jobs/{document.namespace}/{document.name}/current.json"
        return cls(spec, document.resolved.run_id, output, pointer)

    def current(self) -> dict[str, Any] | None:
        """What the pointer says."""
        try:
            said: dict[str, Any] = json.loads(self.pointer.read())
        except NotFound:
            return None
        return said


def promote(candidate: Candidate) -> GateDecision:
    """Decide whether a finished run becomes the current model of its job, and make it so.

    Whoever moves the pointer in between is seen, and the decision is taken again against it.

    Raises:
        StorageUnavailable: Others move the pointer again and again.

    """
    examples = _examples(candidate.output, candidate.run_id)
    for _try in range(_TRIES):
        decision = _promote_once(candidate, examples)
        if decision is not None:
            return decision
    raise StorageUnavailable(
        f"{candidate.pointer.uri} is moved by others again and again",
        remedy="Start the job again; its model is published.",
    )


def judge(candidate: Candidate, examples: Sequence[Example]) -> GateDecision:
    """Decide whether a run with these examples would be promoted as things stand."""
    return _judge(candidate, examples, candidate.current())


def _judge(
    candidate: Candidate, examples: Sequence[Example], current: dict[str, Any] | None
) -> GateDecision:
    rival = current if current and current["runId"] != candidate.run_id else None
    return decide(
        examples,
        gate=candidate.spec.evaluation.gate,
        current=_examples(candidate.output, rival["runId"]) if rival else None,
        seed=candidate.spec.training.seed,
    )


def _promote_once(candidate: Candidate, examples: Sequence[Example]) -> GateDecision | None:
    """One try; None where somebody else moved the pointer meanwhile."""
    seen = candidate.pointer.stat()
    current = candidate.current() if seen else None
    decision = _judge(candidate, examples, current)
    if not decision.passed or (current and current["runId"] == candidate.run_id):
        return decision
    try:
        candidate.pointer.write(
            _body(candidate, current),
            if_absent=seen is None,
            if_match=seen.etag if seen else None,
        )
    except PreconditionFailed:
        return None
    log("Promoted", uri=candidate.pointer.uri, runId=candidate.run_id)
    return decision


def _examples(output: Location, run_id: str) -> tuple[Example, ...]:
    """Held-out pairs of a run; none where it was removed, and then nothing compares with it."""
    location = output / f"runs/{run_id}/evaluation/examples.jsonl.gz"
    try:
        return decode_examples(location.read(), name=location.uri)
    except NotFound:
        return ()


def _body(candidate: Candidate, current: dict[str, Any] | None) -> bytes:
    before = [{key: current.get(key) for key in ("runId", "promotedAt")}] if current else []
    history = [*before, *(current or {}).get("history", [])][:_REMEMBERED]
    body = {
        "runId": candidate.run_id,
        "modelURI": (candidate.output / f"runs/{candidate.run_id}/model").uri,
        "promotedAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "history": history,
    }
    return json.dumps(body, indent=1).encode()
