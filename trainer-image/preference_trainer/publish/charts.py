"""Which plots a report holds, from the values of a run."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from preference_trainer.evaluation.arrays import PairArrays
from preference_trainer.evaluation.metrics import EvaluationMetrics, Stratum, StratumName
from preference_trainer.publish.numbers import MINUS, counted
from preference_trainer.publish.plots import (
    Bar,
    Label,
    Series,
    bar_plot,
    histogram_plot,
    line_plot,
    point_plot,
)

History = Sequence[Mapping[str, Any]]
SFT, PREFERENCE = "sft", "preference"
"""Stages of the history."""
_NONE = np.empty(0)


class Figure(NamedTuple):
    """A plot with the words under it."""

    title: str
    caption: str
    plot: Markup


class _Curve(NamedTuple):
    slug: str
    title: str
    unit: str
    caption: str
    stage: str
    lines: tuple[tuple[str, str, str], ...]
    """Key of the history, name in the legend, class."""


_CURVES = (
    _Curve(
        "sft-loss",
        "Loss of the SFT stage",
        "nats a token",
        "How surprising the demonstrations are.",
        SFT,
        (("loss", "", "policy"),),
    ),
    _Curve(
        "loss",
        "Training loss",
        "loss",
        "Of the preference stage, on the pairs that are trained on.",
        PREFERENCE,
        (("loss", "", "policy"),),
    ),
    _Curve(
        "reward-accuracy",
        "Reward accuracy",
        "share of pairs",
        "Pairs of the batch whose chosen answer has the higher reward.",
        PREFERENCE,
        (("rewardAccuracy", "", "policy"),),
    ),
    _Curve(
        "reward-margin",
        "Reward margin",
        "reward",
        "Reward of the chosen answer less that of the rejected one, as the method defines it.",
        PREFERENCE,
        (("rewardMargin", "", "policy"),),
    ),
    _Curve(
        "log-probability",
        "Log-probability of the answers",
        "nats",
        "Both may fall while their distance grows; a steep fall of chosen is a bad sign.",
        PREFERENCE,
        (
            ("chosenLogProbability", "chosen", "policy"),
            ("rejectedLogProbability", "rejected", "base"),
        ),
    ),
    _Curve(
        "learning-rate",
        "Learning rate",
        "rate",
        "After warm-up and schedule.",
        PREFERENCE,
        (("learningRate", "", "policy"),),
    ),
    _Curve(
        "gradient-norm",
        "Gradient norm",
        "norm",
        "Before clipping.",
        PREFERENCE,
        (("gradientNorm", "", "policy"),),
    ),
)


def training_figures(history: History) -> list[Figure]:
    """The curves that the history has numbers for."""
    figures = []
    for curve in _CURVES:
        entries = [entry for entry in history if entry.get("stage") == curve.stage]
        series = [_series(entries, *line) for line in curve.lines]
        drawn = [one for one in series if np.isfinite(one.y).any()]
        if drawn:
            label = Label(curve.slug, curve.title, "step", curve.unit)
            figures.append(Figure(curve.title, curve.caption, line_plot(label, drawn)))
    return figures


def accuracy_figure(metrics: EvaluationMetrics) -> Figure:
    """Every accuracy beside the length rule."""
    rule = metrics.length_baseline
    bars = [
        Bar("Implicit reward", "policy", metrics.accuracy),
        Bar("Average log-probability, trained", "policy", metrics.by_average.policy),
        Bar("Average log-probability, base", "base", metrics.by_average.base),
        Bar("Summed log-probability, trained", "policy", metrics.by_sum.policy),
        Bar("Summed log-probability, base", "base", metrics.by_sum.base),
        Bar(f"{rule.rule.value} answer wins", "other", rule.accuracy),
    ]
    caption = "Share of held-out pairs judged as people did; the line marks guessing."
    return Figure("Accuracy", caption, bar_plot("accuracy", "Accuracy", bars))


def margin_figure(arrays: PairArrays) -> Figure:
    """Gaps between the two answers before and after training."""
    title = "Gap between the answers"
    label = Label("margins", title, "nats a token, chosen less rejected", "pairs")
    after, before = arrays.average_gap
    series = [Series("base", "base", before, _NONE), Series("trained", "policy", after, _NONE)]
    caption = "Average log-probability of chosen less rejected: right of 0 chosen is preferred."
    return Figure(title, caption, histogram_plot(label, series))


def strata_figure(metrics: EvaluationMetrics) -> Figure:
    """Accuracy by difference in length."""
    title = "Accuracy by difference in length"
    bars = [
        Bar(_stratum_name(stratum), _stratum_class(stratum), stratum.accuracy)
        for stratum in metrics.strata
    ]
    caption = "By the implicit reward; tokens of the chosen less those of the rejected answer."
    return Figure(title, caption, bar_plot("strata", title, bars))


def length_figure(arrays: PairArrays) -> Figure:
    """Reward margin against difference in length."""
    title = "Margin and length"
    label = Label("length", title, "tokens, chosen less rejected", "margin, nats")
    caption = "Each point is a held-out pair; a slope means that the reward follows length."
    series = Series("", "policy", arrays.longer_by, arrays.margin)
    return Figure(title, caption, point_plot(label, series))


def _stratum_name(stratum: Stratum) -> str:
    pairs = counted(stratum.pairs, "pair")
    if stratum.name is StratumName.CHOSEN_SHORTER:
        return f"chosen shorter, {pairs}"
    ends = dict.fromkeys([_whole(stratum.least), _whole(stratum.most)])
    return f"{' to '.join(ends)}, {pairs}"


def _stratum_class(stratum: Stratum) -> str:
    return "other" if stratum.name is StratumName.CHOSEN_SHORTER else "policy"


def _whole(tokens: int) -> str:
    return f"{MINUS if tokens < 0 else ''}{abs(tokens):,}"


def _series(entries: History, key: str, name: str, class_: str) -> Series:
    steps = np.array([float(entry["step"]) for entry in entries])
    return Series(name, class_, steps, np.array([_number(entry.get(key)) for entry in entries]))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
