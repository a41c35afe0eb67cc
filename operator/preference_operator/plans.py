"""A plan: everything that one pass does, in the order in which it does it."""

from dataclasses import dataclass, replace

from preference_api.v1alpha1.status import ConditionType, Progress
from preference_operator.conditions import Outlook, find
from preference_operator.draft import Draft
from preference_operator.names import event_name
from preference_operator.objects import Job
from preference_operator.observe import Child
from preference_operator.trainer_pod import Order

AT_ONCE = 0.0
"""For `wake_after`: a write of the operator's own does not wake it."""
# What every run goes through in moments is no news.
_QUIET = frozenset({"Starting", "Waiting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An Event; its name is the same for the same facts, so that it is posted once."""

    name: str
    warning: bool
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressWrite:
    """Progress to be written; None takes it away."""

    value: Progress | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a pass does: delete, write the status, create, write progress, tell.

    draft: Becomes the status; None leaves it alone.
    remove: The object's time to live is over.
    wake_after: Seconds after which to look again, whatever happens meanwhile.
    """

    delete: tuple[Child, ...] = ()
    draft: Draft | None = None
    create: Order | None = None
    progress: ProgressWrite | None = None
    note: Note | None = None
    remove: bool = False
    wake_after: float | None = None


def noted(job: Job, plan: Plan) -> Plan:
    """The plan with an Event where it gives the object another reason than it had."""
    draft = plan.draft
    before = find(job.status.conditions, ConditionType.SUCCEEDED)
    if draft is None or draft.reason in _QUIET or (before and before.reason == draft.reason):
        return plan
    return replace(plan, note=_note(job, draft))


def _note(job: Job, draft: Draft) -> Note:
    attempts = draft.attempts
    counts = (attempts.failures, attempts.preemptions) if attempts else ()
    number = draft.run.number if draft.run else 0
    facts = (job.uid, job.generation, number, draft.reason, *counts)
    return Note(
        name=event_name(job.key[1], *facts),
        warning=draft.outlook is Outlook.FAILED or draft.troubled,
        reason=draft.reason,
        message=draft.message,
    )
