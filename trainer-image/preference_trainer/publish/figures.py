"""The figures of an evaluation as rows of a table, each with what it means."""

from typing import NamedTuple

from preference_trainer.evaluation.metrics import EvaluationMetrics, LengthBaseline, LengthRule
from preference_trainer.evaluation.statistics import Comparison, Estimate, Verdict
from preference_trainer.publish.numbers import (
    count,
    counted,
    p_value,
    percent,
    percent_interval,
    points,
    points_interval,
    signed,
    signed_interval,
)


class Line(NamedTuple):
    """A figure, its interval (empty where it has none) and what it means."""

    name: str
    value: str
    interval: str
    meaning: str


def figure_lines(metrics: EvaluationMetrics) -> tuple[Line, ...]:
    """Every figure but strata and samples, in the order of their weight."""
    return (*_accuracies(metrics), *_margins(metrics), *_others(metrics))


def _accuracies(metrics: EvaluationMetrics) -> list[Line]:
    average, total = metrics.by_average, metrics.by_sum
    return [
        _share(
            "Accuracy by the implicit reward",
            metrics.accuracy,
            "Pairs whose chosen answer has become likelier, against the base model, by more than "
            f"the rejected one. {_ties(metrics.ties)}",
        ),
        _share(
            "Accuracy by average log-probability, trained",
            average.policy,
            "Pairs whose chosen answer is likelier a token, so that length does not count.",
        ),
        _share(
            "Accuracy by average log-probability, base",
            average.base,
            "The same for the base model.",
        ),
        Line(
            "Gain by average log-probability",
            f"{points(metrics.gain.difference.value)} points",
            points_interval(metrics.gain.difference),
            _contest(metrics.gain, "the base model"),
        ),
        _share(
            "Accuracy by summed log-probability, trained",
            total.policy,
            "Pairs whose chosen answer is likelier as a whole, which favours short answers.",
        ),
        _share(
            "Accuracy by summed log-probability, base", total.base, "The same for the base model."
        ),
    ]


def _margins(metrics: EvaluationMetrics) -> list[Line]:
    margin = metrics.margin
    spread = f"Median {signed(margin.median, 2)}; a tenth of the pairs is below "
    return [
        _nats(
            "Mean margin, nats",
            margin.mean,
            2,
            "Implicit reward of chosen less that of rejected, not times β. "
            f"{spread}{signed(margin.p10, 2)}.",
        ),
        _nats(
            "Mean margin, nats a token",
            margin.per_token,
            3,
            "The same with each answer's reward divided by its tokens.",
        ),
        _nats(
            "Drift of chosen, nats a token",
            metrics.drift.chosen,
            3,
            "How much likelier chosen answers have become. Well below 0 the model unlearns even "
            "the answers that people preferred.",
        ),
        _nats(
            "Drift of rejected, nats a token",
            metrics.drift.rejected,
            3,
            "How much likelier rejected answers have become.",
        ),
    ]


def _others(metrics: EvaluationMetrics) -> list[Line]:
    length = metrics.length_baseline
    lines = [_share(_rule_name(length), length.accuracy, _rule_meaning(length))]
    if metrics.brier is not None:
        score = metrics.brier
        interval = f"{score.lower:.3f} to {score.upper:.3f}"
        meaning = "Squared error of sigmoid(β × margin) as a probability; 0.25 is guessing, 0 best."
        lines.insert(0, Line("Brier score", f"{score.value:.3f}", interval, meaning))
    return lines


def _rule_name(length: LengthBaseline) -> str:
    return f"Accuracy of preferring the {length.rule.value.lower()} answer"


def _rule_meaning(length: LengthBaseline) -> str:
    other = "shorter" if length.rule is LengthRule.LONGER else "longer"
    found = length.comparison
    return (
        f"What looking at nothing but length reaches; the {other} answer is worse. "
        f"The implicit reward against it: {points(found.difference.value)} points "
        f"({points_interval(found.difference)}), {_VERDICTS[found.verdict]}."
    )


_VERDICTS = {
    Verdict.BETTER: "better",
    Verdict.WORSE: "worse",
    Verdict.NOT_DISTINGUISHABLE: "not distinguishable",
}


def _contest(found: Comparison, rival: str) -> str:
    wins, losses = counted(found.wins, "pair"), count(found.losses)
    return (
        f"{wins} judged better than {rival} did, {losses} worse: "
        f"exact McNemar {p_value(found.p_value)}, {_VERDICTS[found.verdict]}."
    )


def _ties(ties: int) -> str:
    return f"{count(ties)} tied and count one half." if ties else "None tied."


def _share(name: str, accuracy: Estimate, meaning: str) -> Line:
    return Line(name, percent(accuracy.value), percent_interval(accuracy), meaning)


def _nats(name: str, figure: Estimate, digits: int, meaning: str) -> Line:
    return Line(name, signed(figure.value, digits), signed_interval(figure, digits), meaning)
