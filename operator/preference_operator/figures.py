"""What is told of a PreferenceJob in numbers, read from its body as it is.

A thousand objects are told at every scrape, so it is read once for each version that comes. A
status may hold whatever somebody wrote there: what cannot be used is left out, and never raises.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from sys import intern
from typing import Any, Self

from preference_operator.bodies import Body
from preference_operator.objects import Key

MOST_CHARACTERS = 128
"""Of a label's value."""
NEW, UNKNOWN = "New", "Unknown"
"""States of an object that no pass has seen yet, and of one whose state is not a word."""

_WORD = re.compile(r"[A-Za-z]{1,32}")
_OVER = frozenset({"Succeeded", "Failed", "Invalid"})
_MOST_COUNTED = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A PreferenceJob in numbers; None for what is not known.

    created: When it was made, as Kubernetes writes times.
    method, model, run: Empty where not known.
    progress: Share of the current stage that is done, 0 to 1.
    progressed_at: When the training last got on, in seconds since 1970.
    preemptions: Attempts of the current run that were preempted.
    """

    key: Key
    uid: str
    created: str
    state: str
    method: str
    model: str
    run: str
    progress: float | None
    progressed_at: float | None
    loss: float | None
    reward_margin: float | None
    reward_accuracy: float | None
    preemptions: int

    @classmethod
    def of(cls, body: Body, key: Key) -> Self:
        """Read a PreferenceJob."""
        metadata, spec, status = body["metadata"], _part(body, "spec"), _part(body, "status")
        progress = _part(status, "progress")
        percent = _number(progress.get("percent"))
        return cls(
            key=key,
            uid=metadata["uid"],
            created=str(metadata.get("creationTimestamp", "")),
            state=_state(status.get("state")),
            method=intern(label(spec.get("method"))),
            model=intern(label(_part(spec, "model").get("uri"))),
            run=label(_part(status, "run").get("id")),
            progress=None if percent is None else percent / 100,
            progressed_at=_moment(progress.get("updatedAt")),
            loss=_number(progress.get("loss")),
            reward_margin=_number(progress.get("rewardMargin")),
            reward_accuracy=_number(progress.get("rewardAccuracy")),
            preemptions=_count(_part(status, "attempts").get("preemptions")),
        )

    @property
    def over(self) -> bool:
        """Whether nothing is to be done for it any more."""
        return self.state in _OVER


def label(value: object) -> str:
    """The value of a label: of bounded length, and of characters that can be sent."""
    if not isinstance(value, str):
        return ""
    text = value if len(value) <= MOST_CHARACTERS else f"{value[: MOST_CHARACTERS - 1]}…"
    return text.encode(errors="replace").decode()


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else {}


def _state(value: object) -> str:
    if value is None:
        return NEW
    return intern(value) if isinstance(value, str) and _WORD.fullmatch(value) else UNKNOWN


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _count(value: object) -> int:
    counted = isinstance(value, int) and not isinstance(value, bool)
    return value if counted and 0 <= value < _MOST_COUNTED else 0  # type: ignore[operator, return-value]


def _moment(value: object) -> float | None:
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]
        return moment.timestamp() if moment.tzinfo else None
    except (TypeError, ValueError):
        return None
