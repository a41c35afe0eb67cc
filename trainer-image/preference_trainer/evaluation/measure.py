"""From held-out pairs to the figures of an evaluation."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from preference_trainer.evaluation.arrays import PairArrays, arrays_of, correct
from preference_trainer.evaluation.examples import Example, Sample
from preference_trainer.evaluation.metrics import (
    BeforeAndAfter,
    Drift,
    EvaluationMetrics,
    LengthBaseline,
    LengthRule,
    Margin,
    SampleStatistics,
    Stratum,
    StratumName,
)
from preference_trainer.evaluation.statistics import (
    Estimate,
    Floats,
    Groups,
    bootstrap_means,
    compare,
    wilson,
)


def evaluate(
    examples: Sequence[Example],
    *,
    samples: Sequence[Sample] = (),
    beta: float | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> EvaluationMetrics:
    """Every figure of the held-out pairs.

    Args:
        examples: At least one pair.
        samples: Generated answers.
        beta: For the Brier score; None leaves it out.
        confidence: Of every interval, two-sided.
        seed: Seed of the bootstrap.

    Raises:
        DataError, Diverged: As `arrays_of`.
    """
    arrays = arrays_of(examples)
    judged, (after, before) = arrays.by_reward, arrays.by_average
    margin, drift = _margins(arrays, confidence=confidence, seed=seed)
    return EvaluationMetrics(
        confidence=confidence,
        seed=seed,
        pairs=len(examples),
        prompts=int(arrays.groups.max()) + 1,
        ties=int((judged == 0.5).sum()),
        accuracy=wilson(judged, arrays.groups, confidence=confidence),
        by_average=_before_and_after(after, before, arrays.groups, confidence),
        by_sum=_before_and_after(*arrays.by_sum, arrays.groups, confidence),
        gain=compare(after, before, arrays.groups, confidence=confidence, seed=seed),
        margin=margin,
        drift=drift,
        brier=_brier(arrays, beta, confidence=confidence, seed=seed),
        length_baseline=_length_baseline(arrays, judged, confidence=confidence, seed=seed),
        strata=tuple(_strata(arrays, judged, confidence)),
        samples=_sample_statistics(samples),
    )


def _before_and_after(
    after: Floats, before: Floats, groups: Groups, confidence: float
) -> BeforeAndAfter:
    return BeforeAndAfter(
        policy=wilson(after, groups, confidence=confidence),
        base=wilson(before, groups, confidence=confidence),
    )


def _margins(arrays: PairArrays, *, confidence: float, seed: int) -> tuple[Margin, Drift]:
    margins, drift = arrays.margin, arrays.drift
    columns = np.stack([margins, drift[:, 0] - drift[:, 1], drift[:, 0], drift[:, 1]], axis=1)
    mean, per_token, chosen, rejected = bootstrap_means(
        columns, arrays.groups, confidence=confidence, seed=seed
    )
    median, p10 = np.quantile(margins, [0.5, 0.1])
    figures = Margin(mean=mean, median=float(median), p10=float(p10), per_token=per_token)
    return figures, Drift(chosen=chosen, rejected=rejected)


def _brier(
    arrays: PairArrays, beta: float | None, *, confidence: float, seed: int
) -> Estimate | None:
    """Brier 1950 with the outcome that the chosen answer is preferred, which always holds."""
    if beta is None:
        return None
    missed = (1 - np.tanh(beta * arrays.margin / 2)) / 2
    (score,) = bootstrap_means(
        missed[:, None] ** 2, arrays.groups, confidence=confidence, seed=seed
    )
    return score


def _length_baseline(
    arrays: PairArrays, judged: Floats, *, confidence: float, seed: int
) -> LengthBaseline:
    longer = correct(arrays.longer_by)
    rule = LengthRule.LONGER if longer.mean() >= 0.5 else LengthRule.SHORTER
    ruled = longer if rule is LengthRule.LONGER else 1 - longer
    return LengthBaseline(
        rule=rule,
        accuracy=wilson(ruled, arrays.groups, confidence=confidence),
        comparison=compare(judged, ruled, arrays.groups, confidence=confidence, seed=seed),
    )


def _strata(arrays: PairArrays, judged: Floats, confidence: float) -> list[Stratum]:
    longer_by = arrays.longer_by
    low, high = np.quantile(longer_by, [1 / 3, 2 / 3])
    members = {
        StratumName.LOWEST: longer_by <= low,
        StratumName.MIDDLE: (longer_by > low) & (longer_by <= high),
        StratumName.HIGHEST: longer_by > high,
        StratumName.CHOSEN_SHORTER: longer_by < 0,
    }
    return [
        Stratum(
            name=name,
            pairs=int(inside.sum()),
            least=int(longer_by[inside].min()),
            most=int(longer_by[inside].max()),
            accuracy=wilson(judged[inside], arrays.groups[inside], confidence=confidence),
        )
        for name, inside in members.items()
        if inside.any()
    ]


def _sample_statistics(samples: Sequence[Sample]) -> SampleStatistics | None:
    if not samples:
        return None
    return SampleStatistics(
        count=len(samples),
        mean_tokens=float(np.mean([s.tokens for s in samples])),
        ended=float(np.mean([s.ended for s in samples])),
        distinct2=distinct_2([s.policy_answer for s in samples]),
    )


def distinct_2(texts: Sequence[str]) -> float:
    """Distinct word bigrams over all word bigrams (https://arxiv.org/abs/1510.03055), 0 if none."""
    words = [text.split() for text in texts]
    bigrams = [pair for line in words for pair in pairwise(line)]
    return len(set(bigrams)) / len(bigrams) if bigrams else 0.0
