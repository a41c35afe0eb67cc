"""A run that is trained for somebody else: its result is waited for, and used then."""

from dataclasses import replace

from preference_api.children import ChildStage
from preference_api.v1alpha1.status import Attempts
from preference_api.wire import ELSEWHERE
from preference_operator.bodies import moment
from preference_operator.conditions import Outlook
from preference_operator.draft import Draft
from preference_operator.objects import SAME_RUN, Job
from preference_operator.observe import Child, ChildState, Seen
from preference_operator.plans import AT_ONCE, Plan
from preference_operator.underway import calm

_WAITING_SECONDS = 15.0
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 60.0, 600.0
"""Between two checks of a run that is trained elsewhere."""
_PAUSE_TIMES = 4
"""The pause is so many times as long as the check: one of many pairs is not cheap."""
_LOOKING = "The same run was trained elsewhere; its result is looked up in the bucket."
_ELSEWHERE = "The same run is trained elsewhere, say by another cluster; its result is used."


def wait_for(draft: Draft, first: Job) -> Plan:
    """Another object of this cluster trains this very run: its result will be this one's, too."""
    here = first.key[0] == draft.job.key[0]
    who = f"PreferenceJob {first.key[1]}" if here else "A PreferenceJob in another namespace"
    plan = calm(draft, "Waiting", SAME_RUN, f"{who} trains the same run; its result is used.")
    return replace(plan, wake_after=_WAITING_SECONDS)


def look_again(draft: Draft, seen: Seen) -> Plan:
    """Who trained the same run has ended, or took it over: a check finds how it stands."""
    assert draft.run is not None
    stages = (ChildStage.CHECK, ChildStage.TRAIN)
    children = (seen.child(draft.run_hash, stage) for stage in stages)
    forgotten = draft.run.model_copy(update={"resolved": None, "id": None})
    # The check's budget is its own, and a training that comes after it begins with a whole one.
    anew = replace(draft, run=forgotten, attempts=Attempts())
    plan = calm(anew, "Checking", "FindingResult", _LOOKING)
    gone = tuple(child for child in children if child is not None and not child.deleting)
    return replace(plan, delete=gone, wake_after=AT_ONCE)


def lost_to_another(train: Child) -> bool:
    """Whether a training ended since the run is worked on for somebody else."""
    message = train.message
    lost = message is not None and message.reason in ELSEWHERE
    return lost and train.state is ChildState.WAITING and not train.pending


def trained_elsewhere(draft: Draft, seen: Seen, check: Child, run_id: str) -> Plan:
    """A check found the run in other hands, and is repeated after a pause.

    Whoever holds it is named where it is an object of this cluster. What the check found out is not
    kept beside the run's id, since a run that is resolved would be trained.
    """
    assert draft.run is not None
    known = draft.run.model_copy(update={"id": run_id})
    # It has said its word: what it took to say it counts for no later check.
    draft = replace(draft, run=known, attempts=Attempts())
    if seen.first is not None:
        return wait_for(draft, seen.first)
    plan = calm(draft, "Waiting", SAME_RUN, _ELSEWHERE)
    left = _pause(check) - _age(draft, check)
    if left > 0:
        return replace(plan, wake_after=left)
    return replace(plan, delete=(check,), wake_after=_WAITING_SECONDS)


def _pause(check: Child) -> float:
    made, ended = moment(check.made_at), moment(check.finished_at)
    took = (ended - made).total_seconds() if made and ended else 0.0
    return min(max(LEAST_PAUSE_SECONDS, _PAUSE_TIMES * took), MOST_PAUSE_SECONDS)


def _age(draft: Draft, check: Child) -> float:
    """Seconds since the check ended; endless where that is not known."""
    ended = moment(check.finished_at)
    return max(0.0, (draft.now - ended).total_seconds()) if ended else float("inf")


def still_elsewhere(plan: Plan) -> Plan:
    """A check that is repeated for that reason is no news while nothing is wrong with it."""
    draft = plan.draft
    if draft is None or draft.troubled or draft.outlook is not Outlook.PROGRESSING:
        return plan
    before = draft.job.status.run
    if not draft.job.waits_for_same_run or before is None or draft.run != before:
        return plan
    return replace(plan, draft=calm(draft, "Waiting", SAME_RUN, _ELSEWHERE).draft)
