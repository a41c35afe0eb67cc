"""A run that is trained for somebody else: its result is waited for, and used then."""

from dataclasses import replace

from preference_api.children import ChildStage
from preference_api.wire import ELSEWHERE
from preference_operator.bodies import moment
from preference_operator.conditions import Outlook
from preference_operator.draft import Draft
from preference_operator.objects import SAME_RUN, Job
from preference_operator.observe import Child, ChildState, Seen
from preference_operator.plans import Plan
from preference_operator.underway import calm

_WAITING_SECONDS = 15.0
LOOKED_AGAIN_SECONDS = 60.0
"""Pause between two checks of a run that is trained outside this cluster."""
# A write of the operator's own does not wake it.
_AT_ONCE = 0.0
_LOOKING = "The same run was trained elsewhere; its result is looked up in the bucket."
_ELSEWHERE = "The same run is trained outside this cluster; its result is used."


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
    plan = calm(replace(draft, run=forgotten), "Checking", "FindingResult", _LOOKING)
    gone = tuple(child for child in children if child is not None and not child.deleting)
    return replace(plan, delete=gone, wake_after=_AT_ONCE)


def lost_to_another(train: Child) -> bool:
    """Whether a training ended since the run is worked on for somebody outside this cluster."""
    message = train.message
    lost = message is not None and message.reason in ELSEWHERE
    return lost and train.state is ChildState.WAITING


def trained_elsewhere(draft: Draft, check: Child) -> Plan:
    """A check found the run in the hands of another cluster, and is repeated after a pause.

    What it found out is not kept, since a run that is resolved would be trained.
    """
    plan = calm(draft, "Waiting", SAME_RUN, _ELSEWHERE)
    ended = moment(check.finished_at)
    waited = (draft.now - ended).total_seconds() if ended else 0.0
    if waited >= LOOKED_AGAIN_SECONDS:
        return replace(plan, delete=(check,), wake_after=_AT_ONCE)
    return replace(plan, wake_after=LOOKED_AGAIN_SECONDS - waited)


def still_elsewhere(plan: Plan) -> Plan:
    """A check that is repeated for that reason is no news while nothing is wrong with it."""
    draft = plan.draft
    if draft is None or draft.troubled or draft.outlook is not Outlook.PROGRESSING:
        return plan
    before = draft.job.status.run
    if not draft.job.waits_for_same_run or before is None or draft.run != before:
        return plan
    return replace(plan, draft=calm(draft, "Waiting", SAME_RUN, _ELSEWHERE).draft)
