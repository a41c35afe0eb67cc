"""Everything that report and model card are written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from preference_api.v1alpha1.status import Resolved
from preference_api.wire import RunDocument
from preference_trainer.evaluation.examples import Example, Sample
from preference_trainer.evaluation.gate import GateDecision
from preference_trainer.evaluation.metrics import EvaluationMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInputs:
    """One finished run.

    Args:
        document: What the trainer was told.
        resolved: Identity and digests.
        check: The check report as JSON; entries that are missing are left out.
        history: One mapping a logging interval: step, stage (sft or preference) and figures by
            their JSON names.
        metrics: Figures of the evaluation.
        examples: The held-out pairs that the metrics were computed from.
        samples: Generated answers.
        headline: How much better the model is, in a sentence.
        gate: Verdict of the gate.
        versions: Version by library.
        attempts: Processes that worked at this run, at least 1.
        seconds: Wall-clock time of the training, over all attempts.
        pairs_per_second: Training throughput.
    """

    document: RunDocument
    resolved: Resolved
    check: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    metrics: EvaluationMetrics
    examples: Sequence[Example]
    samples: Sequence[Sample]
    headline: str
    gate: GateDecision
    versions: Mapping[str, str]
    attempts: int
    seconds: float
    pairs_per_second: float
