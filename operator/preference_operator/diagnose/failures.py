"""Why a child Job failed for good, from its condition and the end of its last pod."""

import re
from dataclasses import replace
from typing import Any

from preference_operator.diagnose import raw
from preference_operator.diagnose.causes import EXITS
from preference_operator.diagnose.endings import Ending
from preference_operator.diagnose.reasons import (
    MOST_IN_MESSAGE,
    MOST_IN_REMEDY,
    Diagnosis,
    Reason,
    shortened,
)
from preference_operator.diagnose.remedies import diagnose
from preference_operator.diagnose.verdicts import Verdict

AGAIN = (
    "Another method, sft, model, dataset, training or image starts another run; after any other "
    "correction delete the object and apply it again: the same run goes on from its newest "
    "checkpoint."
)
"""How a run that is over is tried again; finished runs stay finished."""

_TOO_OFTEN = ("BackoffLimitExceeded", "FailedIndexes", "MaxFailedIndexesExceeded")
_CODE = re.compile(r"exit code (\d{1,3})\b")


def job_failed(job: Any, ending: Ending | None) -> Diagnosis:
    """Why a Job with condition Failed (or FailureTarget, which comes before it) failed.

    Args:
        job: The Job.
        ending: How its newest finished pod ended; None where no pod is left.
    """
    return _for_good(_failure(job, ending))


def failed_too_often(count: int, ending: Ending | None) -> Diagnosis:
    """Why a run is given up whose Job goes on: more of its attempts failed than may.

    Args:
        count: Of failed attempts.
        ending: How its newest finished pod ended; None where no pod is left.
    """
    return _for_good(_too_often(count, ending))


def _for_good(found: Diagnosis) -> Diagnosis:
    mend = shortened(found.remedy, MOST_IN_REMEDY - len(AGAIN) - 1)
    return replace(found, remedy=f"{mend} {AGAIN}")


def _failure(job: Any, ending: Ending | None) -> Diagnosis:
    condition = raw.condition(job, "Failed", status="True") or raw.condition(
        job, "FailureTarget", status="True"
    )
    reason, words = raw.text(condition, "reason"), raw.text(condition, "message")
    if reason == "PodFailurePolicy":
        return _refused(words, ending)
    if reason in _TOO_OFTEN:
        return _too_often(raw.number(job, "status", "failed") or 0, ending)
    if reason == "DeadlineExceeded":
        message = "the run was active longer than spec.activeDeadlineSeconds"
        return diagnose(Reason.DEADLINE_EXCEEDED, message)
    told = ": ".join(filter(None, (reason, words))) or "nothing says why"
    return diagnose(Reason.JOB_FAILED, f"Job {raw.name_of(job)} failed: {told}")


def _refused(words: str, ending: Ending | None) -> Diagnosis:
    if ending is not None and ending.verdict is Verdict.REFUSED and ending.diagnosis is not None:
        return ending.diagnosis
    code = _CODE.search(words)
    return diagnose(EXITS.get(int(code[1]) if code else 0, Reason.JOB_FAILED), words)


def _too_often(count: int, ending: Ending | None) -> Diagnosis:
    message = f"{count} failed attempt" if count == 1 else f"{count} failed attempts"
    last = ending.diagnosis if ending else None
    if last is None:
        return diagnose(Reason.BACKOFF_LIMIT_EXCEEDED, message)
    told = f"{message}, the last one {last.reason}: {last.message}"
    return Diagnosis(
        reason=Reason.BACKOFF_LIMIT_EXCEEDED,
        message=shortened(told, MOST_IN_MESSAGE),
        remedy=last.remedy,
    )
