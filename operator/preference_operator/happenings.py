"""What a written status tells that the one before it did not, to be counted once."""

from dataclasses import dataclass
from datetime import datetime

from preference_api.v1alpha1.status import (
    Attempts,
    Condition,
    ConditionStatus,
    ConditionType,
    PreferenceJobStatus,
    Run,
)
from preference_operator.bodies import moment
from preference_operator.conditions import find
from preference_operator.objects import Job
from preference_operator.observe import Child, ChildState, Seen

FAILED, UNKNOWN = "Failed", "Unknown"
_GOOD = frozenset({"Trained", "Reused"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that ended: Trained, Reused or Failed, so many seconds after its start."""

    method: str
    result: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A child Job whose first pod runs, so many seconds after the Job was made."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What one write of a status tells.

    attempts: How many attempts ended before they were done.
    reason: Why the last of them did.
    """

    attempts: int = 0
    reason: str = UNKNOWN
    ended: Ended | None = None
    begun: Begun | None = None


def happening(job: Job, after: PreferenceJobStatus, seen: Seen, *, now: datetime) -> Happening:
    """Compare the status of an object with the one that was written in its place.

    Args:
        job: The object before the write.
        after: What was written.
        seen: The children that it was decided by.
        now: When, aware.

    """
    attempts = _new_attempts(job.status, after)
    return Happening(
        attempts=attempts,
        reason=_reason(seen) if attempts else UNKNOWN,
        ended=_ended(job, after),
        begun=_begun(job.status, after, seen, now),
    )


def _new_attempts(before: PreferenceJobStatus, after: PreferenceJobStatus) -> int:
    """Attempts that are counted now; the count of a run starts anew after its check."""
    known = before.attempts if _number(before.run) == _number(after.run) else None
    return max(0, _sum(after.attempts) - _sum(known))


def _number(run: Run | None) -> int:
    return 0 if run is None else run.number


def _sum(attempts: Attempts | None) -> int:
    return 0 if attempts is None else attempts.failures + attempts.preemptions


def _reason(seen: Seen) -> str:
    """Why the newest attempt ended; of a check that is over, the newest one did its work."""
    reasons = (_why(child) for child in seen.children)
    return next((reason for reason in reasons if reason), UNKNOWN)


def _why(child: Child) -> str:
    ending = child.ending.diagnosis if child.ending else None
    diagnosis = ending or child.failure
    return str(diagnosis.reason) if diagnosis else ""


def _ended(job: Job, after: PreferenceJobStatus) -> Ended | None:
    before, run = job.status.run, after.run
    if run is None or run.completion_time is None or run.start_time is None:
        return None
    if before is not None and before.completion_time is not None and before.number == run.number:
        return None
    seconds = _seconds(run.start_time, run.completion_time)
    if seconds is None:
        return None
    top = find(after.conditions, ConditionType.SUCCEEDED)
    return Ended(
        method=str(job.spec.method) if job.spec else UNKNOWN,
        result=top.reason if top and top.reason in _GOOD else FAILED,
        seconds=seconds,
    )


def _begun(
    before: PreferenceJobStatus, after: PreferenceJobStatus, seen: Seen, now: datetime
) -> Begun | None:
    if _runs(before) or not _runs(after):
        return None
    first = next((child for child in seen.children if _is_first_attempt(child)), None)
    waited = None if first is None else _seconds(moment(first.made_at), now)
    if first is None or waited is None:
        return None
    return Begun(stage=str(first.stage), seconds=waited)


def _runs(status: PreferenceJobStatus) -> bool:
    running: Condition | None = find(status.conditions, ConditionType.RUNNING)
    return running is not None and running.status is ConditionStatus.TRUE


def _is_first_attempt(child: Child) -> bool:
    return child.state is ChildState.RUNNING and child.ending is None and not child.preemptions


def _seconds(begin: datetime | None, end: datetime) -> float | None:
    """Seconds from one moment to another; None where one has no time zone, as somebody wrote it."""
    if begin is None or begin.tzinfo is None or end.tzinfo is None:
        return None
    return max(0.0, (end - begin).total_seconds())
