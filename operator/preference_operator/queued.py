"""A child in a queue of Kueue: held back, admitted, and told to give its place back."""

from dataclasses import replace

from preference_api.v1alpha1.status import ConditionType
from preference_operator.conditions import Outlook, Word, false, true
from preference_operator.diagnose import Reason
from preference_operator.draft import Draft
from preference_operator.observe import Child, ChildState, Seen
from preference_operator.pauses import pause
from preference_operator.plans import Plan

# What keeps a training for hours is asked for so often, of an API server that keeps no index of it.
_MOST_PAUSE_SECONDS = 300.0
_OF_THE_QUEUE = (Reason.QUEUED, Reason.QUEUE_SILENT)
_LEAVING = "The queue took the place back; the pod saves a checkpoint and ends."
_WAITING = "The queue has not admitted the training yet."


def admission(draft: Draft, seen: Seen, child: Child) -> Word:
    """What condition Admitted says of a child that names a queue, or is held back by one."""
    if child.queued:
        return _told(draft, seen)
    return true("Admitted", "The queue has admitted the training.")


def held(draft: Draft, seen: Seen, child: Child) -> Plan:
    """The plan for a child that is held back, or has to go since its place was taken back."""
    if child.state is ChildState.RUNNING:
        reason = Reason.PREEMPTED_BY_QUEUE
        leaving = draft.say(running=true(reason, _LEAVING))
        return Plan(draft=leaving.stand("Preempting", Outlook.PROGRESSING, reason, _LEAVING))
    told = _told(draft, seen)
    stopped = draft.say(running=told)
    waiting = stopped.stand("Queued", Outlook.PROGRESSING, told.reason, told.message)
    return Plan(
        draft=replace(waiting, troubled=told.reason == Reason.QUEUE_SILENT),
        wake_after=pause(draft, child, most=_MOST_PAUSE_SECONDS),
    )


def _told(draft: Draft, seen: Seen) -> Word:
    """What the queue said last; Events are gone after an hour, and the status remembers them."""
    if seen.queue is not None:
        return false(seen.queue.reason, seen.queue.text)
    before = draft.words[ConditionType.ADMITTED]
    return before if before.reason in _OF_THE_QUEUE else false(Reason.QUEUED, _WAITING)
