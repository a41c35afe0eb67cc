"""Why a queue of Kueue holds a Job back, from the Events that Kueue posts.

Kueue stands for a Job by a Workload, whose Events tell why it waits
(https://kueue.sigs.k8s.io/docs/concepts/workload/).
"""

import re
from collections.abc import Sequence
from typing import Any

from preference_operator.diagnose import raw
from preference_operator.diagnose.events import newest
from preference_operator.diagnose.reasons import Diagnosis, Reason
from preference_operator.diagnose.remedies import diagnose

_MADE = re.compile(r"Created Workload: \S+/(\S+)")
_KUEUE = re.compile(r"\bkueue\b")


def workload_of(events: Sequence[Any]) -> str:
    """Name of the Workload that stands for a Job, as its Events tell; empty where none does."""
    made = newest([one for one in events if raw.text(one, "reason") == "CreatedWorkload"])
    named = _MADE.match(raw.text(made, "note"))
    return named[1] if named else ""


def held_back(
    job: str, queue: str, about_job: Sequence[Any], about_workload: Sequence[Any]
) -> Diagnosis | None:
    """What Kueue said last about a Job that it holds back; None where it never said a word.

    Args:
        job: Its name.
        queue: Name of its queue.
        about_job: Events (events.k8s.io/v1) that regard it, in any order.
        about_workload: Those that regard its Workload.
    """
    stopped = [one for one in about_job if raw.text(one, "reason") == "Stopped"]
    said = newest([one for one in (*about_workload, *stopped) if _by_kueue(one)])
    if said:
        kind, name = (raw.text(said, "regarding", part) for part in ("kind", "name"))
        return diagnose(Reason.QUEUED, f"Kueue about {kind} {name}: {raw.text(said, 'note')}")
    workload = workload_of(about_job)
    if not workload:
        return None
    message = f"Kueue made Workload {workload} of Job {job} for queue {queue}, and says no more"
    return diagnose(Reason.QUEUED, message)


def not_taken(job: str, queue: str) -> Diagnosis:
    """That nobody has taken a Job into the queue that it names."""
    return diagnose(Reason.QUEUE_SILENT, f"nobody has taken Job {job} into queue {queue}")


def _by_kueue(event: Any) -> bool:
    return bool(_KUEUE.search(raw.text(event, "reportingController")))
