import re
from xml.etree import ElementTree

import numpy as np
import pytest

from preference_trainer.evaluation import Estimate
from preference_trainer.publish.plots import (
    MOST_POINTS,
    Bar,
    Label,
    Series,
    bar_plot,
    histogram_plot,
    line_plot,
    point_plot,
    thin,
)
from preference_trainer.publish.svg import BOTTOM, LEFT, RIGHT, TOP

LABEL = Label("slug", "Title", "step", "nats")


def _series(y, *, name="", class_="policy", x=None):
    y = np.array(y, dtype=float)
    return Series(name, class_, np.arange(len(y), dtype=float) if x is None else x, y)


def _values(values, name):
    return Series(name, name, np.array(values, dtype=float), np.empty(0))


def _texts(plot):
    return [node.text for node in ElementTree.fromstring(plot).iter("text")]


def _coordinates(plot, class_):
    """Points of the paths of a class."""
    paths = [n for n in ElementTree.fromstring(plot).iter("path") if n.get("class") == class_]
    return [
        [tuple(map(float, pair)) for pair in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", n.get("d"))]
        for n in paths
    ]


def test_a_line_runs_from_corner_to_corner():
    (points,) = _coordinates(line_plot(LABEL, [_series([0, 1, 2])]), "line policy")
    assert points == [(LEFT, BOTTOM), ((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2), (RIGHT, TOP)]


def test_axes_and_legend_are_named():
    plot = line_plot(LABEL, [_series([1e-6, 2e-6], name="a"), _series([0, 1e-6], name="b")])
    texts = _texts(plot)
    assert {"step", "nats, ×10⁻⁶", "a", "b"} <= set(texts)


def test_the_description_holds_the_numbers():
    described = ElementTree.fromstring(line_plot(LABEL, [_series([3, np.nan, 1, 2])])).find("desc")
    assert described.text == "from 3 to 2, least 1, most 3."


@pytest.mark.parametrize("y", [[1.0], [2.0, 2.0, 2.0], [np.nan, 1.0, np.inf]])
def test_a_line_of_little_is_drawn(y):
    (points,) = _coordinates(line_plot(LABEL, [_series(y)]), "line policy")
    assert points
    assert np.isfinite(points).all()


def test_many_points_are_drawn_through_means_of_neighbours():
    many = _series(np.arange(10 * MOST_POINTS))
    (points,) = _coordinates(line_plot(LABEL, [many]), "line policy")
    thinned = thin(many)
    assert len(points) == len(thinned.x) == MOST_POINTS
    assert thinned.y[0] == pytest.approx(4.5)
    holes = np.full(10 * MOST_POINTS, np.nan)
    holes[3] = 7.0
    assert thin(_series(holes)).y[0] == 7.0


def test_a_histogram_counts_every_value():
    before, after = [0.0] * 30 + [1.0] * 10, [1.0] * 40
    plot = histogram_plot(LABEL, [_values(before, "base"), _values(after, "policy")])
    (outline,) = _coordinates(plot, "line policy")
    tops = [y for _x, y in outline]
    assert tops[0] == tops[-1] == BOTTOM
    assert min(tops) == TOP, "40 of 40 lie in one bin"
    assert "median base 0.00; median policy 1.00." in plot


def test_a_histogram_of_one_value():
    assert _coordinates(histogram_plot(LABEL, [_values([2.0], "policy")]), "line policy")


def test_outliers_do_not_squeeze_a_histogram():
    values = [*np.linspace(-1, 1, 500), 1e9]
    assert "×" not in "".join(_texts(histogram_plot(LABEL, [_values(values, "policy")])))


@pytest.mark.parametrize(("count", "drawn"), [(1, 1), (240, 240), (1000, 200)])
def test_points_are_bounded_and_say_so(count, drawn):
    plot = point_plot(LABEL, _series(np.linspace(-1, 1, count)))
    circles = list(ElementTree.fromstring(plot).iter("circle"))
    assert len(circles) == drawn
    assert f"{drawn:,} of {count:,} pairs." in plot


def test_bars_and_whiskers_by_their_places():
    accuracy = Estimate(value=0.75, lower=0.5, upper=1.0)
    root = ElementTree.fromstring(bar_plot("s", "Title", [Bar("one", "policy", accuracy)]))
    (bar,) = root.iter("rect")
    whisker = next(n for n in root.iter("path") if n.get("class") == "whisker").get("d")
    reference = next(n for n in root.iter("line") if n.get("class") == "reference")
    width = float(bar.get("width"))
    assert whisker.startswith(f"M{width / 1.5:.1f} ")
    assert f"H{width / 0.75:.1f}" in whisker
    assert float(reference.get("x1")) == pytest.approx(width / 1.5)
    assert "75.0\u00a0% (50.0 to 100.0\u00a0%)" in [n.text for n in root.iter("text")]
