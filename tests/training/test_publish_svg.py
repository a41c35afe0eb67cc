import math
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from preference_trainer.publish.svg import drawing, legend, polyline, tag, text


def test_content_and_attributes_are_escaped():
    made = tag("text", "<script>&", class_='a"b', stroke_width=1.25)
    assert made == Markup('<text class="a&#34;b" stroke-width="1.2">&lt;script&gt;&amp;</text>')


def test_markup_is_kept():
    assert tag("g", tag("line", x1=1)) == Markup('<g><line x1="1"></line></g>')


@pytest.mark.parametrize(
    ("points", "path"),
    [
        ([(0, 1), (2, 3), (4, 5)], "M0.0 1.0h0L2.0 3.0L4.0 5.0"),
        ([(0, 1), (2, math.nan), (4, 5)], "M0.0 1.0h0M4.0 5.0h0"),
        ([(0, math.inf)], ""),
        ([], ""),
    ],
)
def test_a_line_breaks_where_a_value_is_missing(points, path):
    assert f'd="{path}"' in polyline(points, "line")


def test_a_drawing_tells_its_name_and_what_it_shows():
    root = ElementTree.fromstring(drawing("loss", "Loss", "From <1> to 2.", text(0, 0, "a", "b")))
    assert root.get("role") == "img"
    assert root.find(f"*[@id='{root.get('aria-labelledby')}']").text == "Loss"
    assert root.find(f"*[@id='{root.get('aria-describedby')}']").text == "From <1> to 2."


def test_a_legend_names_its_series_in_order():
    root = ElementTree.fromstring(f"<g>{legend([('one', 'policy'), ('two', 'base')])}</g>")
    places = {node.text: float(node.get("x")) for node in root.findall("text")}
    assert list(sorted(places, key=places.get)) == ["one", "two"]
    assert {node.get("class") for node in root.findall("line")} == {"line policy", "line base"}
