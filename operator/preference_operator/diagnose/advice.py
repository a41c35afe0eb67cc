"""What advice on a reason is made of."""

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """What becomes of a PreferenceJob for a reason."""

    QUEUED = "The queue holds the Job back"
    NOT_CREATED = "No pod is made"
    WAITING = "The pod waits"
    REFUSED = "The attempt is refused"
    PREEMPTED = "The attempt is preempted"
    FAILED = "The attempt fails"
    OVER = "The Job gives up"
    OPERATOR = "The operator does not go on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A narrower way out, where the message says more.

    pattern: Regular expression that Kubernetes' own words match.
    example: Such words.
    """

    pattern: str
    example: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a reason means.

    remedy: The way out where no cause is recognised.
    """

    group: Group
    meaning: str
    remedy: str
    causes: tuple[Cause, ...] = ()
