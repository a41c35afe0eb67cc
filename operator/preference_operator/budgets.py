"""What a run may use up: failures and preemptions."""

from preference_operator.diagnose import Diagnosis, failed_too_often
from preference_operator.draft import Draft
from preference_operator.finishing import fail
from preference_operator.observe import Child, Seen
from preference_operator.plans import Plan


def over_budget(draft: Draft, seen: Seen, child: Child) -> Plan | None:
    """The end of a run whose child failed, or was preempted, more often than it may.

    Failures are the Job controller's to count, which forgets some where a Job is suspended and
    resumed. A Job whose last pod failed it ends by itself, a moment later.
    """
    spec = draft.job.spec
    assert spec is not None
    if not child.live:
        return None
    if child.attempts.preemptions > spec.restarts.preemptions:
        return fail(draft, seen, _preempted(child, spec.restarts.preemptions))
    if child.goes_on and child.attempts.failures > spec.restarts.failures:
        return fail(draft, seen, failed_too_often(child.attempts.failures, child.ending))
    return None


def _preempted(child: Child, most: int) -> Diagnosis:
    return Diagnosis(
        reason="PreemptedTooOften",
        message=f"Job {child.name} was preempted more than {most} times",
        remedy="Raise restarts.preemptions, or give the pods a priority class that is kept. Delete "
        "the object and apply it again: the same run goes on from its newest checkpoint.",
    )
