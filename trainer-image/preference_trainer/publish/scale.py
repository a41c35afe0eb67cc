"""Axes: from numbers to places on a drawing, and ticks at round numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from preference_trainer.publish.numbers import MINUS

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis: `low` lies at pixel `start`, `high` at pixel `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale with ticks at round numbers.

    Args:
        scale: The scale.
        ticks: Ascending values to mark.
        step: Distance of the ticks.
        power: Labels are the ticks divided by ten to this power.
    """

    scale: Scale
    ticks: tuple[float, ...]
    step: float
    power: int

    def label(self, tick: float) -> str:
        """A tick as text, all ticks of the axis with the same number of digits."""
        step = self.step / 10.0**self.power
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        text = f"{abs(tick) / 10.0**self.power:,.{digits}f}"
        return MINUS + text if tick < -self.step / 2 else text

    @property
    def factor(self) -> str:
        """What labels have to be multiplied by, such as ×10⁻⁶; empty for 1."""
        return f"×10{str(self.power).translate(_SUPERSCRIPTS)}" if self.power else ""


def axis(
    values: Iterable[float], *, start: float, end: float, most_ticks: int = 5, tight: bool = False
) -> Axis:
    """An axis around all values, at least one of them finite, between two pixels.

    Args:
        values: What has to fit.
        start: Pixel of the low end.
        end: Pixel of the high end.
        most_ticks: About so many ticks.
        tight: Ends at the values themselves, in place of the next ticks.
    """
    finite = [value for value in values if math.isfinite(value)]
    low, high = _apart(min(finite), max(finite))
    step = _round_step((high - low) / most_ticks)
    first, last = low / step, high / step
    if tight:
        numbers = range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1)
    else:
        numbers = range(math.floor(first + 1e-9), math.ceil(last - 1e-9) + 1)
    ticks = tuple(n * step for n in numbers)
    ends = (low, high) if tight else (ticks[0], ticks[-1])
    return Axis(Scale(*ends, start, end), ticks, step, _power(ends))


def _apart(low: float, high: float) -> tuple[float, float]:
    """The ends, moved apart where nothing lies between them."""
    if high - low > 1e-9 * max(abs(low), abs(high)):
        return low, high
    slack = abs(low) / 2 or 1.0
    return low - slack, high + slack


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is no less than `least`."""
    unit = 10.0 ** math.floor(math.log10(least))
    return next(unit * n for n in (1, 2, 5, 10) if unit * n >= least * (1 - 1e-9))


def _power(ends: tuple[float, float]) -> int:
    """Powers of ten worth leaving out of every label: very small and very large numbers."""
    power = math.floor(math.log10(max(map(abs, ends))))
    return power if power < -3 or power > 5 else 0
