"""Numbers for people: short, with their unit."""

from collections.abc import Callable
from typing import Any

from preference_api.v1alpha1.status import Progress

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def size(number: float) -> str:
    """Bytes in the largest binary unit that leaves at least 1."""
    power = 0
    while number >= 1024 and power + 1 < len(_UNITS):
        number, power = number / 1024, power + 1
    return f"{number:.0f} {_UNITS[power]}" if number >= 100 else f"{number:.3g} {_UNITS[power]}"


def duration(seconds: float) -> str:
    """Seconds as minutes and seconds (3:20), or hours, minutes and seconds (5:04:00)."""
    minutes, second = divmod(round(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def rate(per_second: float) -> str:
    """Tokens a second."""
    return f"{per_second / 1000:.1f}k tok/s" if per_second >= 1000 else f"{per_second:.0f} tok/s"


def progress_text(progress: Progress) -> str:
    """Steps, time left and the figures of training, those that are known.

    What matters least stands last, where a narrow terminal cuts.
    """
    parts = (
        _share_done(progress),
        _known("{} left", progress.seconds_left, duration),
        _known("loss {:.3f}", progress.loss),
        _known("margin {:+.2f}", progress.reward_margin),
        _known("acc {:.2f}", progress.reward_accuracy),
        _known("{}", progress.tokens_per_second or None, rate),
    )
    return "  ".join(part for part in parts if part)


def _share_done(progress: Progress) -> str:
    if progress.steps:
        return f"{progress.step}/{progress.steps}"
    return f"{progress.percent:.0f} %" if progress.percent else ""


def _known(form: str, value: float | None, shorten: Callable[[float], Any] = float) -> str:
    return "" if value is None else form.format(shorten(value))
