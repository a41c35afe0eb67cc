"""Why the Job controller cannot make a pod, from the events of its Job."""

import re
from collections.abc import Sequence
from typing import Any

from preference_operator.diagnose import raw
from preference_operator.diagnose.events import newest
from preference_operator.diagnose.reasons import Diagnosis, Reason
from preference_operator.diagnose.remedies import diagnose

# The first that matches counts. A webhook's own words may hold any of the later ones.
_REFUSALS = (
    (r"admission webhook .* denied|ValidatingAdmissionPolicy .* denied", Reason.ADMISSION_DENIED),
    (r"failed calling webhook", Reason.WEBHOOK_UNAVAILABLE),
    (r"violates PodSecurity", Reason.POD_SECURITY_VIOLATION),
    (r"exceeded quota|failed quota", Reason.QUOTA_EXCEEDED),
    (r"looking up service account|serviceaccount .* not found", Reason.SERVICE_ACCOUNT_NOT_FOUND),
    (r"no PriorityClass with name", Reason.PRIORITY_CLASS_NOT_FOUND),
    (r"usage per (Container|Pod) is|limit to request ratio", Reason.LIMIT_RANGE_VIOLATION),
    (r"it is being terminated", Reason.NAMESPACE_TERMINATING),
    (r"is invalid:", Reason.INVALID_POD),
)

# Every try makes another name for the pod, and a condition must not change with it.
_POD = re.compile(r'^(Error creating: )?([Pp]ods? "[^"]*" is (forbidden|invalid): )?')


def complaint(events: Sequence[Any]) -> Diagnosis | None:
    """What the API server answered when the Job controller last tried to make a pod.

    Args:
        events: Events (events.k8s.io/v1) that regard a Job, in any order.
    """
    failures = [event for event in events if _is_failure(event)]
    if not failures:
        return None
    last = newest(failures)
    words, job = raw.text(last, "note"), raw.text(last, "regarding", "name")
    return diagnose(_reason(words), f"Job {job} gets no pod: {_POD.sub('', words)}")


def _is_failure(event: Any) -> bool:
    return (raw.text(event, "type"), raw.text(event, "reason")) == ("Warning", "FailedCreate")


def _reason(words: str) -> Reason:
    found = (reason for pattern, reason in _REFUSALS if re.search(pattern, words))
    return next(found, Reason.POD_NOT_CREATED)
