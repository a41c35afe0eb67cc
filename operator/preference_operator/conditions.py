"""Conditions of a PreferenceJob: what they say in every situation, and when they last changed.

Top condition is Succeeded; Ready, Reconciling and Stalled are those of kstatus
(https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md), of which the
last two are absent while they are not true.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from preference_api.v1alpha1.status import Condition, ConditionStatus, ConditionType

MOST_CHARACTERS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one condition says."""

    status: ConditionStatus
    reason: str
    message: str = ""


class Outlook(Enum):
    """Where a PreferenceJob stands, as far as tools that wait for it have to know."""

    PROGRESSING = auto()
    SUSPENDED = auto()
    SUCCEEDED = auto()
    FAILED = auto()


Words = Mapping[ConditionType, Word]

_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_SUMMARIES: Mapping[Outlook, Mapping[ConditionType, ConditionStatus]] = {
    Outlook.PROGRESSING: {
        ConditionType.SUCCEEDED: _UNKNOWN,
        ConditionType.READY: _FALSE,
        ConditionType.RECONCILING: _TRUE,
    },
    Outlook.SUSPENDED: {ConditionType.SUCCEEDED: _UNKNOWN, ConditionType.READY: _FALSE},
    Outlook.SUCCEEDED: {ConditionType.SUCCEEDED: _TRUE, ConditionType.READY: _TRUE},
    Outlook.FAILED: {
        ConditionType.SUCCEEDED: _FALSE,
        ConditionType.READY: _FALSE,
        ConditionType.STALLED: _TRUE,
    },
}


def true(reason: str, message: str = "") -> Word:
    """A condition that holds."""
    return Word(status=_TRUE, reason=reason, message=message)


def false(reason: str, message: str = "") -> Word:
    """A condition that does not hold."""
    return Word(status=_FALSE, reason=reason, message=message)


def unknown(reason: str, message: str = "") -> Word:
    """A condition of which nothing is known yet."""
    return Word(status=_UNKNOWN, reason=reason, message=message)


def summary(outlook: Outlook, reason: str, message: str) -> dict[ConditionType, Word]:
    """The conditions that tools look at."""
    return {
        kind: Word(status=status, reason=reason, message=message)
        for kind, status in _SUMMARIES[outlook].items()
    }


def settle(
    previous: Sequence[Condition], words: Words, *, generation: int, now: datetime
) -> list[Condition]:
    """The list of conditions for the status, in the order of ConditionType.

    A transition time changes only with the status of its condition.
    """
    known = {condition.type: condition for condition in previous}
    return [
        _settled(known.get(kind), kind, words[kind], generation=generation, now=now)
        for kind in ConditionType
        if kind in words
    ]


def _settled(
    before: Condition | None, kind: ConditionType, word: Word, *, generation: int, now: datetime
) -> Condition:
    same = before is not None and before.status == word.status
    return Condition(
        type=kind,
        status=word.status,
        reason=word.reason,
        message=cut(word.message),
        observed_generation=generation,
        last_transition_time=before.last_transition_time if before and same else now,
    )


def cut(text: str) -> str:
    """The text in at most 1,024 characters."""
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def find(conditions: Sequence[Condition] | None, kind: ConditionType) -> Condition | None:
    """The condition of that type."""
    return next((one for one in conditions or () if one.type == kind), None)
