"""How much better a model is, in one honest sentence."""

from preference_trainer.evaluation.metrics import EvaluationMetrics
from preference_trainer.evaluation.statistics import Estimate, Verdict

_COUNTED = 20  # up to so many pairs a share in percent would look surer than it is


def headline(metrics: EvaluationMetrics) -> str:
    """One sentence: both accuracies by average log-probability, their difference, a verdict.

    The average log-probability judges the trained model and the base model alike; the implicit
    reward is none of the base model's own.
    """
    policy, base = metrics.by_average.policy.value, metrics.by_average.base.value
    if metrics.pairs <= _COUNTED:
        mine, theirs = _count(policy, metrics.pairs), _count(base, metrics.pairs)
        pairs = f"{metrics.pairs} held-out {'pair' if metrics.pairs == 1 else 'pairs'}"
        shares = f"in {mine} of {pairs}, the base model in {theirs}"
    else:
        pairs = f"{metrics.pairs:,} held-out pairs"
        shares = f"in {_percent(policy)} of {pairs}, the base model in {_percent(base)}"
    return f"Prefers the chosen answer {shares}: {_outcome(metrics)}."


def comparative(difference: Estimate, verdict: Verdict, confidence: float, *, rival: str) -> str:
    """The difference in points with its interval, as the second half of a sentence."""
    sign = -1 if verdict is Verdict.WORSE else 1
    ends = sorted((sign * difference.lower, sign * difference.upper))
    interval = f"{confidence * 100:g} % interval {_points(ends[0])} to {_points(ends[1])}"
    if verdict is Verdict.NOT_DISTINGUISHABLE:
        return f"not distinguishable from {rival} ({_points(difference.value)} points, {interval})"
    return f"{_points(sign * difference.value)} points {verdict.value.lower()} ({interval})"


def _outcome(metrics: EvaluationMetrics) -> str:
    gain = metrics.gain
    return comparative(gain.difference, gain.verdict, metrics.confidence, rival="the base model")


def _count(share: float, pairs: int) -> str:
    return f"{share * pairs:g}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _points(difference: float) -> str:
    return f"{round(difference * 100, 1) + 0.0:.1f}"  # + 0.0 turns -0.0 into 0.0
