"""Events (events.k8s.io/v1) in the order of time."""

from collections.abc import Mapping, Sequence
from typing import Any

from preference_operator.diagnose import raw

_SECONDS = len("2026-01-31T00:00:00")


def newest(events: Sequence[Any]) -> Mapping[str, Any]:
    """The Event that happened last, a warning before others; nothing in it where there is none."""
    found: Mapping[str, Any] = max(events, key=_order, default=raw.NOTHING)
    return found


def _order(event: Any) -> tuple[str, bool]:
    return _time(event), raw.text(event, "type") == "Warning"


def _time(event: Any) -> str:
    """When an event last happened: in seconds, since its times differ in their decimals."""
    times = (
        raw.text(event, "series", "lastObservedTime"),
        raw.text(event, "deprecatedLastTimestamp"),
        raw.text(event, "eventTime"),
    )
    return max(time[:_SECONDS] for time in times)
