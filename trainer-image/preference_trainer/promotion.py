"""The current model of a job: one pointer in the bucket, moved by a conditional write."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from preference_trainer.errors import StorageUnavailable
from preference_trainer.evaluation import Example, GateDecision, decide, decode_examples
from preference_trainer.log import log
from preference_trainer.storage import Location, NotFound, PreconditionFailed
from preference_trainer.work import Work

_TRIES = 5
_REMEMBERED = 100


def promote(work: Work, examples: Sequence[Example]) -> GateDecision:
    """Decide whether the run becomes the current model of its job, and make it so.

    Whoever moves the pointer in between is seen, and the decision is taken again against it.

    Raises:
        StorageUnavailable: Others move the pointer again and again.

    """
    for _try in range(_TRIES):
        decision = _promote_once(work, examples)
        if decision is not None:
            return decision
    raise StorageUnavailable(
        f"{_pointer(work).uri} is moved by others again and again",
        remedy="start the job again; its model is published",
    )


def judge(work: Work, examples: Sequence[Example]) -> GateDecision:
    """Decide whether the run would be promoted as things stand."""
    pointer = _pointer(work)
    return _judge(work, examples, json.loads(pointer.read()) if pointer.stat() else None)


def _judge(work: Work, examples: Sequence[Example], current: dict[str, Any] | None) -> GateDecision:
    rival = current if current and current["runId"] != work.resolved.run_id else None
    return decide(
        examples,
        gate=work.spec.evaluation.gate,
        current=_examples_of(work.output, rival) if rival else None,
        seed=work.spec.training.seed,
    )


def _promote_once(work: Work, examples: Sequence[Example]) -> GateDecision | None:
    pointer = _pointer(work)
    seen = pointer.stat()
    current = json.loads(pointer.read()) if seen else None
    decision = _judge(work, examples, current)
    already = current is not None and current["runId"] == work.resolved.run_id
    if already or not decision.passed:
        return decision
    try:
        pointer.write(
            _body(work, current), if_absent=seen is None, if_match=seen.etag if seen else None
        )
    except PreconditionFailed:
        return None
    log("Promoted", uri=pointer.uri, runId=work.resolved.run_id)
    return decision


def _pointer(work: Work) -> Location:
    return work.output / f"jobs/{work.document.namespace}/{work.document.name}/current.json"


def _examples_of(output: Location, current: dict[str, Any]) -> tuple[Example, ...]:
    """Held-out pairs of the current model; none where its run was removed: nothing to compare."""
    location = output / f"runs/{current['runId']}/evaluation/examples.jsonl.gz"
    try:
        return decode_examples(location.read(), name=location.uri)
    except NotFound:
        return ()


def _body(work: Work, current: dict[str, Any] | None) -> bytes:
    before = [{key: current[key] for key in ("runId", "promotedAt")}] if current else []
    history = [*before, *(current or {}).get("history", [])][:_REMEMBERED]
    body = {
        "runId": work.resolved.run_id,
        "modelURI": (work.place / "model").uri,
        "promotedAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "history": history,
    }
    return json.dumps(body, indent=1).encode()
