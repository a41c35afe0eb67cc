"""Four kinds of plot as inline SVG: lines, histograms, points, bars with intervals.

Colours come from the page by class, so that one drawing serves light, dark and paper.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from preference_trainer.evaluation.statistics import Estimate, Floats
from preference_trainer.publish.numbers import percent, percent_interval
from preference_trainer.publish.scale import Scale, axis
from preference_trainer.publish.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Frame,
    drawing,
    legend,
    polyline,
    tag,
    text,
)

MOST_POINTS = 240
"""A line of more points is drawn through the means of neighbours."""
_BINS = 24


@dataclass(frozen=True, slots=True)
class Label:
    """What a plot is called and what its axes measure.

    Args:
        slug: Identifier within the page.
        title: Name of the plot.
        x: Horizontal axis, with its unit.
        y: Vertical axis, with its unit.
    """

    slug: str
    title: str
    x: str
    y: str


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Numbers of one colour; `y` is empty for a histogram.

    Args:
        name: Name in the legend, empty where the plot has one series.
        class_: Class of the page's style sheet that gives the colour: policy, base or other.
        x: Shape (n,).
        y: Shape (n,).
    """

    name: str
    class_: str
    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True)
class Bar:
    """An accuracy with its interval, on a scale of 0 to 100 %."""

    name: str
    class_: str
    accuracy: Estimate


def line_plot(label: Label, series: Sequence[Series]) -> Markup:
    """Lines over steps; at least one value is finite."""
    thinned = [thin(one) for one in series]
    frame = _frame(label, thinned, also=0.0)
    lines = [polyline(_places(frame, one), f"line {one.class_}") for one in thinned]
    return _assemble(label, frame, series, lines, _range_sentence(series))


def point_plot(label: Label, series: Series) -> Markup:
    """Points, with lines at zero, of at most MOST_POINTS pairs taken evenly."""
    every = math.ceil(len(series.x) / MOST_POINTS)
    taken = Series(series.name, series.class_, series.x[::every], series.y[::every])
    frame = _frame(label, [taken])
    points = [
        tag("circle", cx=x, cy=y, r=2.2, class_=f"point {series.class_}")
        for x, y in _places(frame, taken)
    ]
    sentence = f"{len(taken.x):,} of {len(series.x):,} pairs. {_range_sentence([taken])}"
    return _assemble(label, frame, [series], [_zero_lines(frame), *points], sentence)


def histogram_plot(label: Label, series: Sequence[Series]) -> Markup:
    """Numbers of values in common bins, outlined; the outer 2 % are counted in the outer bins."""
    edges = _bin_edges(np.concatenate([one.x for one in series]))
    steps = [_outline(one, edges) for one in series]
    frame = _frame(label, steps)
    lines = [polyline(_places(frame, one), f"line {one.class_}") for one in steps]
    medians = "; ".join(f"median {one.name} {np.median(one.x):.2f}" for one in series)
    return _assemble(label, frame, series, [_zero_lines(frame), *lines], f"{medians}.")


def bar_plot(slug: str, title: str, bars: Sequence[Bar]) -> Markup:
    """Horizontal bars with whiskers and a mark at one half, where guessing lies."""
    scale = Scale(0.0, 1.0, 0.0, WIDTH - 8.0)
    height = 40.0 * len(bars) + 22
    rows = [_bar(bar, 40.0 * n, scale) for n, bar in enumerate(bars)]
    marks = [
        text(scale(share), height - 4, name, f"tick {place}")
        for share, name, place in ((0.0, "0", ""), (0.5, "50 %", "middle"), (1.0, "100 %", "end"))
    ]
    sentence = "; ".join(f"{b.name} {percent(b.accuracy.value)}" for b in bars)
    return drawing(slug, title, f"{sentence}.", *rows, *marks, height=height)


def thin(series: Series) -> Series:
    """At most MOST_POINTS points, each the mean of the finite ones among its neighbours."""
    parts = np.array_split(np.arange(len(series.x)), min(MOST_POINTS, len(series.x)))
    return Series(
        series.name,
        series.class_,
        np.array([series.x[part].mean() for part in parts]),
        np.array([_finite_mean(series.y[part]) for part in parts]),
    )


def _finite_mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan


def _frame(label: Label, series: Sequence[Series], *, also: float | None = None) -> Frame:
    """Axes around every point, and around the horizontal value `also`."""
    xs = np.concatenate([one.x for one in series] + ([] if also is None else [[also]]))
    ys = np.concatenate([one.y for one in series])
    return Frame(
        x=axis(xs, start=LEFT, end=RIGHT, most_ticks=4, tight=True),
        y=axis(ys, start=BOTTOM, end=TOP),
        x_label=label.x,
        y_label=label.y,
    )


def _places(frame: Frame, series: Series) -> list[tuple[float, float]]:
    return [
        (frame.x.scale(float(x)), frame.y.scale(float(y)))
        for x, y in zip(series.x, series.y, strict=True)
    ]


def _assemble(
    label: Label, frame: Frame, series: Sequence[Series], marks: Sequence[Markup], sentence: str
) -> Markup:
    named = legend((one.name, one.class_) for one in series if one.name)
    return drawing(label.slug, label.title, sentence, frame.draw(), *marks, named, height=HEIGHT)


def _range_sentence(series: Sequence[Series]) -> str:
    spans = []
    for one in series:
        finite = one.y[np.isfinite(one.y)]
        span = f"from {finite[0]:.4g} to {finite[-1]:.4g}"
        name = f"{one.name} " if one.name else ""
        spans.append(f"{name}{span}, least {finite.min():.4g}, most {finite.max():.4g}")
    return "; ".join(spans) + "."


def _zero_lines(frame: Frame) -> Markup:
    x, y = frame.x.scale, frame.y.scale
    lines = []
    if x.low < 0 < x.high:
        lines.append(tag("line", x1=x(0), x2=x(0), y1=TOP, y2=BOTTOM, class_="reference"))
    if y.low < 0 < y.high:
        lines.append(tag("line", x1=LEFT, x2=RIGHT, y1=y(0), y2=y(0), class_="reference"))
    return Markup("").join(lines)


def _bin_edges(values: Floats) -> Floats:
    low, high = np.quantile(values, [0.01, 0.99])
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, _BINS + 1)


def _outline(series: Series, edges: Floats) -> Series:
    """The upper edge of a histogram as a line from zero to zero."""
    counts, _ = np.histogram(np.clip(series.x, edges[0], edges[-1]), edges)
    heights = np.concatenate([[0], np.repeat(counts, 2), [0]]).astype(np.float64)
    return Series(series.name, series.class_, np.repeat(edges, 2), heights)


def _bar(bar: Bar, top: float, scale: Scale) -> Markup:
    middle, right, half = top + 27, scale(bar.accuracy.value), scale(0.5)
    lower, upper = scale(bar.accuracy.lower), scale(bar.accuracy.upper)
    figures = f"{percent(bar.accuracy.value)} ({percent_interval(bar.accuracy)})"
    whisker = (
        f"M{lower:.1f} {middle - 4}v8M{lower:.1f} {middle}H{upper:.1f}M{upper:.1f} {middle - 4}v8"
    )
    return Markup("").join(
        [
            text(0, top + 13, bar.name, "label"),
            text(WIDTH - 8, top + 13, figures, "tick end"),
            tag("rect", x=0, y=middle - 6, width=right, height=12, class_=f"bar {bar.class_}"),
            tag("line", x1=half, x2=half, y1=middle - 9, y2=middle + 9, class_="reference"),
            tag("path", d=whisker, class_="whisker"),
        ]
    )
