"""How many attempts of a child Job ended early, read off its pods."""

import re
from collections.abc import Sequence

from preference_operator.bodies import Body
from preference_operator.diagnose import Verdict, ended

# The Job controller writes both on the replacement of a failed pod (KEP-3850).
_FAILURES_ANNOTATION = "batch.kubernetes.io/job-index-failure-count"
_IGNORED_ANNOTATION = "batch.kubernetes.io/job-index-ignored-failure-count"
_TRACKED = "batch.kubernetes.io/job-tracking"
_COUNT = re.compile(r"[0-9]{1,9}")


def used(pods: Sequence[Body], *, held: bool) -> tuple[int, int]:
    """Failures and preemptions, from the counts that the newest pod was born with.

    They outlive the pods that they count, which eviction deletes. A Job that was suspended may
    begin them anew; its failed pods still stand.

    Args:
        pods: Of one Job.
        held: Whether the Job is suspended: the end of a pod that this told to go is no attempt.
    """
    counted = [_verdict(pod) for pod in pods if not _told_to_go(pod, held=held)]
    failures, preemptions = max((_counts(pod, held=held) for pod in pods), default=(0, 0))
    return max(failures, counted.count(Verdict.FAILED)), preemptions


def counts_at_birth(pod: Body) -> tuple[int, int]:
    """Failures and preemptions before this pod, as its Job controller knew them."""
    annotations = pod["metadata"].get("annotations") or {}
    failures = _number(annotations.get(_FAILURES_ANNOTATION))
    return failures, _number(annotations.get(_IGNORED_ANNOTATION))


def _counts(pod: Body, *, held: bool) -> tuple[int, int]:
    """Failures and preemptions until this pod ended, or so far."""
    failures, ignored = counts_at_birth(pod)
    verdict = None if _told_to_go(pod, held=held) else _verdict(pod)
    return failures + (verdict is Verdict.FAILED), ignored + (verdict is Verdict.PREEMPTED)


def _verdict(pod: Body) -> Verdict | None:
    ending = ended(pod)
    return ending.verdict if ending else None


def _told_to_go(pod: Body, *, held: bool) -> bool:
    """Whether a pod went because its Job was suspended; the Job controller then lets go of it."""
    metadata = pod["metadata"]
    tracked = _TRACKED in (metadata.get("finalizers") or ())
    return "deletionTimestamp" in metadata and (held or not tracked)


def _number(text: str | None) -> int:
    return int(text) if text is not None and _COUNT.fullmatch(text) else 0
