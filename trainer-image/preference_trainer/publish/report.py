"""The report of a run: one HTML file that needs neither network nor scripts."""

from typing import NamedTuple

from preference_trainer.evaluation.arrays import arrays_of
from preference_trainer.evaluation.metrics import EvaluationMetrics, SampleStatistics
from preference_trainer.evaluation.statistics import Estimate, Verdict, pairs_for_half_width
from preference_trainer.publish.charts import (
    accuracy_figure,
    length_figure,
    margin_figure,
    strata_figure,
    training_figures,
)
from preference_trainer.publish.data import data_rows, dropped_rows, warnings
from preference_trainer.publish.figures import figure_lines
from preference_trainer.publish.inputs import ReportInputs
from preference_trainer.publish.lineage import lineage_rows
from preference_trainer.publish.numbers import (
    count,
    counted,
    percent,
    percent_interval,
    plain,
    points,
    points_interval,
    signed,
    signed_interval,
)
from preference_trainer.publish.settings import Row, settings_rows
from preference_trainer.publish.templating import template
from preference_trainer.publish.texts import clipped, extremes, shown_samples

_VERDICTS = {
    Verdict.BETTER: "Better than the base model",
    Verdict.WORSE: "Worse than the base model",
    Verdict.NOT_DISTINGUISHABLE: "Not distinguishable from the base model",
}
_NARROW = 0.02  # half-width of the interval that the note on sample size speaks of


class KeyFigure(NamedTuple):
    """A figure of the page's head."""

    name: str
    value: str
    unit: str
    interval: str


def render_report(inputs: ReportInputs) -> str:
    """The report as HTML, to be written as UTF-8; the same inputs give the same text.

    Texts of pairs and answers come from strangers: all of them are escaped, and the page forbids
    itself scripts and every request.

    Raises:
        DataError: There is no held-out pair.
        Diverged: A log-probability is not finite.
    """
    metrics, arrays = inputs.metrics, arrays_of(inputs.examples)
    best, worst = extremes(inputs.examples, arrays)
    return template("report.html.j2").render(
        inputs=inputs,
        spec=inputs.document.spec,
        metrics=metrics,
        confidence=f"{plain(metrics.confidence * 100)} %",
        verdict=_VERDICTS[metrics.gain.verdict],
        key_figures=_key_figures(metrics),
        settings=settings_rows(inputs.document.spec),
        data=data_rows(inputs, private=True),
        dropped=dropped_rows(inputs.check),
        warnings=warnings(inputs.check),
        curves=training_figures(inputs.history),
        lines=figure_lines(metrics),
        evaluation_figures=[accuracy_figure(metrics), margin_figure(arrays)],
        length_figures=[strata_figure(metrics), length_figure(arrays)],
        pairs_needed=count(_pairs_needed(metrics)),
        sample_rows=_sample_rows(metrics.samples),
        samples=shown_samples(inputs.samples),
        best=best,
        worst=worst,
        lineage=lineage_rows(inputs, private=True),
        versions=sorted(inputs.versions.items()),
        clipped=clipped,
        signed=signed,
        count=count,
        counted=counted,
    )


def _key_figures(metrics: EvaluationMetrics) -> list[KeyFigure]:
    accuracy, gain = metrics.accuracy, metrics.gain.difference
    return [
        KeyFigure(
            "Accuracy",
            percent(accuracy.value),
            "by the implicit reward",
            percent_interval(accuracy),
        ),
        KeyFigure(
            "Gain", points(gain.value), "points by average log-probability", points_interval(gain)
        ),
        _key_nats("Margin", metrics.margin.mean, "nats a pair", digits=2),
        _key_nats("Drift of chosen", metrics.drift.chosen, "nats a token", digits=3),
    ]


def _key_nats(name: str, figure: Estimate, unit: str, *, digits: int) -> KeyFigure:
    return KeyFigure(name, signed(figure.value, digits), unit, signed_interval(figure, digits))


def _pairs_needed(metrics: EvaluationMetrics) -> int:
    """For the widest case, an accuracy of one half; rounded to two digits."""
    pairs = pairs_for_half_width(0.5, _NARROW, confidence=metrics.confidence)
    return round(pairs, 2 - len(str(pairs)))


def _sample_rows(found: SampleStatistics | None) -> list[Row]:
    if found is None:
        return []
    return [
        Row("Answers", count(found.count)),
        Row("Mean length", f"{found.mean_tokens:.1f} tokens"),
        Row("Ended by themselves", percent(found.ended)),
        Row("Distinct word pairs", percent(found.distinct2)),
    ]
