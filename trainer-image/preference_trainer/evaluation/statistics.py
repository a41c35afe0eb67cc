"""Intervals and tests for figures on held-out pairs; pure, and seeded where they draw."""

import math
from enum import StrEnum
from fractions import Fraction
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from preference_api.v1alpha1.base import ApiModel

Floats = NDArray[np.float64]
Groups = NDArray[np.int64]
"""Shape (n,): number of the prompt of each pair, counted from 0."""

RESAMPLES = 10_000
_CELLS = 1 << 20  # weights held at once: 8 MiB, whatever the number of pairs


class Estimate(ApiModel):
    """A figure and its interval."""

    value: float = Field(description="Point estimate.")
    lower: float = Field(description="Lower end of the interval.")
    upper: float = Field(description="Upper end of the interval.")


class Verdict(StrEnum):
    """What a comparison shows."""

    BETTER = "Better"
    WORSE = "Worse"
    NOT_DISTINGUISHABLE = "NotDistinguishable"


class Comparison(ApiModel):
    """Two ways to judge the same pairs, compared pair by pair."""

    pairs: int = Field(ge=1, description="Pairs compared.")
    difference: Estimate = Field(description="Accuracy of the first less that of the second.")
    wins: int = Field(ge=0, description="Pairs that the first judges better than the second.")
    losses: int = Field(ge=0, description="Pairs that the first judges worse than the second.")
    p_value: float = Field(ge=0, le=1, description="Exact two-sided McNemar test.")
    verdict: Verdict = Field(description="What interval and test agree on.")


def bootstrap_means(
    values: Floats, groups: Groups, *, confidence: float, seed: int, resamples: int = RESAMPLES
) -> list[Estimate]:
    """Mean and percentile bootstrap interval of each column.

    Whole prompts are drawn, not pairs: pairs that share a prompt are not independent.
    Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 8.

    Args:
        values: Shape (n, columns), finite.
        groups: Prompt of each row.
        confidence: Two-sided, such as 0.95.
        seed: Seed of the draws.
        resamples: How often the prompts are drawn.
    """
    sums = _group_sums(values, groups)
    tail = (1 - confidence) / 2
    drawn = _resampled_means(sums, resamples, np.random.default_rng(seed))
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return [
        Estimate(value=float(v), lower=float(a), upper=float(b))
        for v, a, b in zip(values.mean(axis=0), lower, upper, strict=True)
    ]


def wilson(scores: Floats, groups: Groups, *, confidence: float) -> Estimate:
    """Share of right judgements with Wilson's score interval, on the effective sample size.

    Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953. Where pairs share prompts the
    interval takes n divided by the design effect, as Korn and Graubard 1998 do for survey data
    (Survey Methodology 24, 193-201).

    Args:
        scores: Shape (n,): 1 right, 0 wrong, 0.5 a tie.
        groups: Prompt of each score.
        confidence: Two-sided, such as 0.95.
    """
    share = float(scores.mean())
    size = _effective_size(scores, groups)
    square = _z(confidence) ** 2
    centre = (share + square / (2 * size)) / (1 + square / size)
    spread = math.sqrt(square * (share * (1 - share) / size + square / (4 * size * size)))
    half = spread / (1 + square / size)
    lower, upper = max(0.0, centre - half), min(1.0, centre + half)
    return Estimate(value=share, lower=min(lower, share), upper=max(upper, share))


def mcnemar(wins: int, losses: int) -> float:
    """Exact two-sided p-value of McNemar's test: twice the smaller binomial tail at one half.

    McNemar 1947, https://doi.org/10.1007/BF02295996.
    """
    discordant = wins + losses
    tail = ways = 1  # of 0 among the discordant pairs; exact, for they outgrow any float
    for k in range(min(wins, losses)):
        ways = ways * (discordant - k) // (k + 1)
        tail += ways
    return min(1.0, float(Fraction(2 * tail, 2**discordant)))


def compare(
    first: Floats,
    second: Floats,
    groups: Groups,
    *,
    confidence: float,
    seed: int,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compare two accuracies on the same pairs.

    The interval is the wider, at each end, of the bootstrap by prompt and of Bonett and Price's
    for paired proportions; the first heeds shared prompts, the second stays honest where few
    pairs differ. A verdict needs both the interval to leave out 0 and McNemar's p-value to lie
    below 1 - confidence.

    Args:
        first: Shape (n,): 1 right, 0 wrong, 0.5 a tie.
        second: Shape (n,), the same pairs in the same order.
        groups: Prompt of each pair.
        confidence: Two-sided, such as 0.95.
        seed: Seed of the bootstrap.
        resamples: Draws of the bootstrap.
    """
    gaps = first - second
    wins, losses = int((gaps > 0).sum()), int((gaps < 0).sum())
    (drawn,) = bootstrap_means(
        gaps[:, None], groups, confidence=confidence, seed=seed, resamples=resamples
    )
    lower, upper = bonett_price(wins, losses, len(gaps), confidence=confidence)
    difference = Estimate(
        value=drawn.value, lower=min(drawn.lower, lower), upper=max(drawn.upper, upper)
    )
    p_value = mcnemar(wins, losses)
    verdict = _verdict(difference, significant=p_value < 1 - confidence)
    counts = {"pairs": len(gaps), "wins": wins, "losses": losses}
    return Comparison(difference=difference, p_value=p_value, verdict=verdict, **counts)


def bonett_price(wins: int, losses: int, pairs: int, *, confidence: float) -> tuple[float, float]:
    """Interval for the difference of two paired proportions, by Laplace-adjusted counts.

    Bonett and Price 2012, https://doi.org/10.3102/1076998611411915.
    """
    gained, lost = (wins + 1) / (pairs + 2), (losses + 1) / (pairs + 2)
    centre = gained - lost
    half = _z(confidence) * math.sqrt((gained + lost - centre**2) / (pairs + 2))
    return max(-1.0, centre - half), min(1.0, centre + half)


def pairs_for_half_width(accuracy: float, half_width: float, *, confidence: float) -> int:
    """Pairs, each with a prompt of its own, that narrow an accuracy to plus or minus half_width.

    The normal approximation: z^2 p (1 - p) / half_width^2.
    """
    return math.ceil(_z(confidence) ** 2 * accuracy * (1 - accuracy) / half_width**2)


def _verdict(difference: Estimate, *, significant: bool) -> Verdict:
    if significant and difference.lower > 0:
        return Verdict.BETTER
    if significant and difference.upper < 0:
        return Verdict.WORSE
    return Verdict.NOT_DISTINGUISHABLE


def _group_sums(values: Floats, groups: Groups) -> Floats:
    """Shape (groups, columns + 1): each group's sums, and its number of pairs last."""
    columns = [*values.T, np.ones(len(values))]
    count = int(groups.max()) + 1
    return np.stack([np.bincount(groups, c, minlength=count) for c in columns], axis=1)


def _resampled_means(sums: Floats, resamples: int, random: np.random.Generator) -> Floats:
    """Shape (resamples, columns): means over groups that are drawn with replacement."""
    step = max(1, _CELLS // len(sums))
    blocks = [
        _draw(min(step, resamples - start), len(sums), random) @ sums
        for start in range(0, resamples, step)
    ]
    totals = np.concatenate(blocks)
    return np.asarray(totals[:, :-1] / totals[:, -1:], dtype=np.float64)


def _draw(rows: int, groups: int, random: np.random.Generator) -> Floats:
    """Shape (rows, groups): how often each group is in each draw."""
    picks = random.integers(0, groups, size=(rows, groups))
    picks += groups * np.arange(rows)[:, None]
    counts = np.bincount(picks.ravel(), minlength=rows * groups)
    return counts.reshape(rows, groups).astype(np.float64)


def _effective_size(scores: Floats, groups: Groups) -> float:
    """Pairs divided by the design effect, which is at least 1.

    Where every judgement is the same nothing can be estimated, and pairs of one prompt count as
    copies of each other.
    """
    count = len(scores)
    sums = _group_sums(np.stack([scores, np.ones(count)], axis=1), groups)
    share = float(scores.mean())
    naive = count * share * (1 - share)
    if naive == 0:
        return count**2 / float((sums[:, 1] ** 2).sum())
    clustered = float(((sums[:, 0] - share * sums[:, 1]) ** 2).sum())
    return count / max(1.0, clustered / naive)


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
