"""SVG elements as escaped text, and the frame that every drawing here shares."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from preference_trainer.publish.scale import Axis

WIDTH, HEIGHT = 360, 232
LEFT, RIGHT, TOP, BOTTOM = 44, 352, 34, 192
"""Edges of the plot area; the space around holds labels, units and the legend."""


def tag(name: str, *content: str, **attributes: str | float) -> Markup:
    """An element; content and attributes are escaped unless they are Markup.

    `class_` stands for class, and an underscore for a hyphen.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
    )
    inside = Markup("").join(escape(part) for part in content)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inside)


def drawing(
    slug: str, title: str, description: str, *content: Markup, height: float = HEIGHT
) -> Markup:
    """A whole drawing with the name and the description that assistive technology reads."""
    return tag(
        "svg",
        tag("title", title, id=f"{slug}-title"),
        tag("desc", description, id=f"{slug}-description"),
        *content,
        class_="plot",
        role="img",
        aria_labelledby=f"{slug}-title",
        aria_describedby=f"{slug}-description",
        viewBox=f"0 0 {WIDTH} {height}",
    )


def polyline(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """A line through finite points; it breaks where one is not finite, a lone point is a dot."""
    path, pen_down = [], False
    for x, y in points:
        finite = math.isfinite(x) and math.isfinite(y)
        if finite:
            path.append(f"L{x:.1f} {y:.1f}" if pen_down else f"M{x:.1f} {y:.1f}h0")
        pen_down = finite
    return tag("path", d="".join(path), class_=class_)


def text(x: float, y: float, content: str, class_: str) -> Markup:
    """A line of text."""
    return tag("text", content, x=x, y=y, class_=class_)


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes of a plot and what they measure."""

    x: Axis
    y: Axis
    x_label: str
    y_label: str

    def draw(self) -> Markup:
        """Grid lines, tick labels, axis labels."""
        rows = [self._row(tick) for tick in self.y.ticks]
        columns = [self._column(tick) for tick in self.x.ticks]
        names = [
            text(0, 13, _with_factor(self.y_label, self.y), "label"),
            text(RIGHT, HEIGHT - 8, _with_factor(self.x_label, self.x), "label end"),
        ]
        return Markup("").join([*rows, *columns, *names])

    def _row(self, tick: float) -> Markup:
        y = self.y.scale(tick)
        line = tag("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid")
        return line + text(LEFT - 7, y + 4, self.y.label(tick), "tick end")

    def _column(self, tick: float) -> Markup:
        x = self.x.scale(tick)
        mark = tag("line", x1=x, x2=x, y1=BOTTOM, y2=BOTTOM + 4, class_="axis")
        return mark + text(x, BOTTOM + 17, self.x.label(tick), "tick middle")


def legend(entries: Iterable[tuple[str, str]]) -> Markup:
    """Names of series with a swatch of their class, at the top right."""
    drawn, right = [], float(RIGHT)
    for name, class_ in reversed(list(entries)):
        left = right - 6.4 * len(name)
        drawn.append(text(left, 13, name, "label"))
        drawn.append(tag("line", x1=left - 18, x2=left - 5, y1=9, y2=9, class_=f"line {class_}"))
        right = left - 30
    return Markup("").join(drawn)


def _with_factor(label: str, measured: Axis) -> str:
    return f"{label}, {measured.factor}" if measured.factor else label


def _value(value: str | float) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
