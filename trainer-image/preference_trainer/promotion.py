"""Whether a finished run becomes the current model of its job: what the gate says."""

from collections.abc import Sequence
from dataclasses import dataclass

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.wire import RunDocument
from preference_trainer.evaluation import (
    Example,
    GateDecision,
    decide,
    decode_examples,
    rolled_back,
)
from preference_trainer.metrics import Metrics
from preference_trainer.pointer import Move, Pointer, Said, rolled_back_from
from preference_trainer.storage import NotFound

PROMOTED = "Promoted"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that may become the current model of a job."""

    spec: PreferenceJobSpec
    run_id: str
    pointer: Pointer

    @classmethod
    def of(cls, document: RunDocument, *, metrics: Metrics) -> "Candidate":
        """The run of a checked document; its requests to storage are counted in the metrics."""
        assert document.resolved is not None
        pointer = Pointer.of(document, metrics=metrics)
        return cls(document.spec, document.resolved.run_id, pointer)


def promote(candidate: Candidate) -> GateDecision:
    """Decide whether a finished run becomes the current model of its job, and make it so.

    Whoever moves the pointer in between is seen, and the decision is taken again against it.

    Raises:
        StorageUnavailable: Others move the pointer again and again.

    """
    examples = _examples(candidate.pointer, candidate.run_id)

    def choose(current: Said | None) -> tuple[GateDecision, Move | None]:
        decision = _judge(candidate, examples, current)
        move = Move(run_id=candidate.run_id, reason=PROMOTED)
        return decision, move if decision.passed else None

    return candidate.pointer.move(choose)


def judge(candidate: Candidate, examples: Sequence[Example]) -> GateDecision:
    """Decide whether a run with these examples would be promoted as things stand."""
    return _judge(candidate, examples, candidate.pointer.read())


def _judge(candidate: Candidate, examples: Sequence[Example], current: Said | None) -> GateDecision:
    if candidate.run_id in rolled_back_from(current):
        return rolled_back(candidate.run_id)
    rival = current if current and current["runId"] != candidate.run_id else None
    return decide(
        examples,
        gate=candidate.spec.evaluation.gate,
        current=_examples(candidate.pointer, rival["runId"]) if rival else None,
        seed=candidate.spec.training.seed,
    )


def _examples(pointer: Pointer, run_id: str) -> tuple[Example, ...]:
    """Held-out pairs of a run; none where it was removed, and then nothing compares with it."""
    location = pointer.run(run_id) / "evaluation/examples.jsonl.gz"
    try:
        return decode_examples(location.read(), name=location.uri)
    except NotFound:
        return ()
