"""What the held-out pairs say about a model: figures with intervals, a sentence, a gate."""

from preference_trainer.evaluation.examples import (
    Example,
    Sample,
    decode_examples,
    encode_examples,
    encode_samples,
    prompt_group,
)
from preference_trainer.evaluation.gate import GateDecision, GateReason, decide, rolled_back
from preference_trainer.evaluation.headline import headline
from preference_trainer.evaluation.measure import evaluate
from preference_trainer.evaluation.metrics import EvaluationMetrics
from preference_trainer.evaluation.rivals import RunComparison, compare_runs
from preference_trainer.evaluation.statistics import Comparison, Estimate, Verdict

__all__ = [
    "Comparison",
    "Estimate",
    "EvaluationMetrics",
    "Example",
    "GateDecision",
    "GateReason",
    "RunComparison",
    "Sample",
    "Verdict",
    "compare_runs",
    "decide",
    "decode_examples",
    "encode_examples",
    "encode_samples",
    "evaluate",
    "headline",
    "prompt_group",
    "rolled_back",
]
