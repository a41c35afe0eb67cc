"""What is to be done about a PreferenceJob: one checklist, read from top to bottom.

Everything here is decided from values, and no step depends on having seen an event.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial

from preference_api.children import ChildStage
from preference_api.identity import run_hash
from preference_api.v1alpha1.placement import Concurrency
from preference_operator.children import settings_hash
from preference_operator.conditions import Outlook, false, true
from preference_operator.diagnose import Diagnosis, Reason
from preference_operator.diagnose.remedies import diagnose
from preference_operator.draft import Draft, begin, resume
from preference_operator.finishing import expired, keep_finished, reject, still_live
from preference_operator.objects import Job
from preference_operator.observe import Child, ChildState, Seen
from preference_operator.plans import Plan, ProgressWrite, noted
from preference_operator.retraining import accepted, dataset_changed, list_when_due
from preference_operator.same_run import look_again, lost_to_another
from preference_operator.settings import Settings, image_allowed
from preference_operator.stages import check_stage, train_stage
from preference_operator.underway import never_began

_OF_THE_NODES = (Reason.UNSCHEDULABLE, Reason.SCHEDULING_GATED)
_FOLLOWS = "The spec was edited since; that run follows (spec.retrain.concurrency: Forbid)."
_CORRECTED = "The operator's settings were changed before the pod began; its Job is made again."


def plan(job: Job, seen: Seen, *, now: datetime, settings: Settings) -> Plan:
    """What to delete, write, create and tell about a PreferenceJob, given its children.

    Args:
        job: The object.
        seen: Its children.
        now: The time, aware.
        settings: The operator's options.

    """
    if job.deleting:
        return Plan()
    draft = begin(job, now)
    if job.spec is not None:
        draft = draft.say(accepted=accepted(job.spec, now))
    decided = (
        _finished(draft, seen)
        or _invalid(draft, seen)
        or _not_allowed(draft, seen, settings)
        or _accepted(draft, seen, settings)
    )
    return noted(job, decided)


def _finished(draft: Draft, seen: Seen) -> Plan | None:
    """The end stays the end, whatever becomes of the children."""
    end = draft.job.end
    if end is None:
        return None
    return (
        expired(draft)
        or dataset_changed(draft, seen, end)
        or list_when_due(keep_finished(draft, seen, end), draft, seen)
    )


def _invalid(draft: Draft, seen: Seen) -> Plan | None:
    """A spec that the schema of the cluster let pass and this operator cannot read."""
    job = draft.job
    if job.spec is not None:
        return None
    fault = Diagnosis(
        reason="InvalidSpec",
        message=job.fault,
        remedy="Correct the field, or bring operator and CustomResourceDefinition to one version.",
    )
    return reject(draft, seen, fault)


def _not_allowed(draft: Draft, seen: Seen, settings: Settings) -> Plan | None:
    spec = draft.job.spec
    if spec is None or spec.image is None or image_allowed(spec.image, settings):
        return None
    # It was allowed when a Job was made from it: other settings are no reason to lose the work.
    onward = _accepted(draft, seen, settings)
    if any(map(partial(_at_work, draft), seen.children)) and onward.create is None:
        return onward
    followed = _follow(draft, seen, settings)
    if followed is not None:
        return followed
    message = f"spec.image {spec.image} is not among the images that this operator may start"
    return reject(draft, seen, diagnose(Reason.IMAGE_NOT_ALLOWED, message))


def _at_work(draft: Draft, child: Child) -> bool:
    """Whether a child of this run still has something to do, or to say."""
    return child.run_hash == draft.run_hash and (child.live or child.stage is ChildStage.TRAIN)


def _accepted(draft: Draft, seen: Seen, settings: Settings) -> Plan:
    return (
        _previous_run(draft, seen, settings)
        or _corrected(draft, seen, settings)
        or _this_run(draft, seen)
    )


def _previous_run(draft: Draft, seen: Seen, settings: Settings) -> Plan | None:
    """Children of another spec: followed to their end, or stopped, before the next run begins."""
    old = tuple(child for child in seen.children if child.run_hash != draft.run_hash)
    if not old:
        return None
    followed = _follow(draft, seen, settings)
    if followed is not None:
        return followed
    gone = tuple(child for child in old if not child.deleting)
    if not any(child.live or child.deleting for child in old):
        onward = _this_run(draft, seen)
        return replace(onward, delete=(*onward.delete, *gone))
    draft = draft.stand(
        "Replacing",
        Outlook.PROGRESSING,
        "Replacing",
        "The spec was changed; the pods of the run before are stopped first.",
    )
    return Plan(delete=gone, draft=draft)


def _follow(draft: Draft, seen: Seen, settings: Settings) -> Plan | None:
    """With `concurrency: Forbid`, a training that runs is let run to its end."""
    job, run = draft.job, draft.job.status.run
    assert job.spec is not None
    if job.spec.retrain.concurrency is not Concurrency.FORBID or run is None or job.spec.suspend:
        return None
    train = seen.child(run_hash(run), ChildStage.TRAIN)
    if train is None or train.deleting or run.completion_time is not None:
        return None
    if lost_to_another(train):
        return None
    if train.state is ChildState.SUCCEEDED and (not train.message or not train.message.result):
        # Its result stands in the bucket, and only a check for the earlier spec would find it.
        return None
    if never_began(train, job.status.checkpoint) or _outdated(draft, seen, train, settings):
        # What it waits for may be the very thing that the edit, or a setting, corrects.
        return None
    return _next_follows(train_stage(resume(job, run, draft.now), seen, train))


def _next_follows(plan: Plan) -> Plan:
    """The end of an earlier run is not the end of what the object asks for now."""
    draft = plan.draft
    if draft is None:
        return plan
    if draft.outlook is Outlook.PROGRESSING:
        return replace(plan, draft=replace(draft, message=f"{draft.message} {_FOLLOWS}"))
    onward = draft.stand("Replacing", Outlook.PROGRESSING, draft.reason, draft.message)
    failed = draft.outlook is Outlook.FAILED
    return replace(plan, draft=replace(onward, troubled=failed), progress=None)


def _corrected(draft: Draft, seen: Seen, settings: Settings) -> Plan | None:
    """A Job whose pod cannot start is made again from settings that were corrected since."""
    spec = draft.job.spec
    if spec is None or spec.suspend:
        return None
    for child in seen.children:
        if _outdated(draft, seen, child, settings):
            counted = draft.count(child.attempts)
            again = counted.stand("Restarting", Outlook.PROGRESSING, "SettingsChanged", _CORRECTED)
            return Plan(delete=(child,), draft=again)
    return None


def _outdated(draft: Draft, seen: Seen, child: Child, settings: Settings) -> bool:
    """Whether a pod cannot start, and other settings than those of its Job may be why.

    What only waits for a node keeps its place, but for a check, whose size is a setting.
    """
    spec, trouble = draft.job.spec, seen.trouble(child)
    assert spec is not None
    if child.state is not ChildState.WAITING or child.deleting or child.queued or not trouble:
        return False
    if child.stage is ChildStage.TRAIN and trouble.reason in _OF_THE_NODES:
        return False
    return child.made_from not in ("", settings_hash(spec, child.stage, settings))


def _this_run(draft: Draft, seen: Seen) -> Plan:
    decided = _suspended(draft, seen) or _advance(draft, seen)
    unchecked = draft.run is not None and draft.run.resolved is None
    if unchecked and draft.job.status.progress is not None and decided.progress is None:
        # Only a training tells progress, so this is that of an earlier run.
        return replace(decided, progress=ProgressWrite(value=None))
    return decided


def _suspended(draft: Draft, seen: Seen) -> Plan | None:
    spec = draft.job.spec
    if spec is None or not spec.suspend:
        return None
    # Once it is told to go, the end of a pod is no attempt that ended early.
    stopped = still_live(seen)
    for child in stopped:
        draft = draft.count(child.attempts)
    for child in seen.children:
        if child.state is not ChildState.RUNNING:
            draft = draft.heard(child.message)
    if any(child.live for child in seen.children):
        message = "The pods save a checkpoint and end."
        stopping = draft.stand("Suspending", Outlook.PROGRESSING, "Suspending", message)
        return Plan(delete=stopped, draft=stopping)
    message = "spec.suspend is true; set it to false to go on from the newest checkpoint."
    if draft.job.waits_for_same_run:
        # Whoever trains the run may be done by then, which only a check can tell.
        looking = look_again(draft, seen)
        assert looking.draft is not None
        return replace(looking, draft=_halted(looking.draft, message), wake_after=None)
    return Plan(draft=_halted(draft, message))


def _halted(draft: Draft, message: str) -> Draft:
    halted = draft.say(
        suspended=true("Suspended", message),
        running=false("Suspended", "Nothing runs."),
        admitted=false("Suspended", "No pod is asked for."),
    )
    return halted.stand("Suspended", Outlook.SUSPENDED, "Suspended", message)


def _advance(draft: Draft, seen: Seen) -> Plan:
    run = draft.run
    assert run is not None
    draft = draft.say(suspended=false("NotAsked", "Suspension is not asked for."))
    if run.resolved is None:
        return check_stage(draft, seen)
    return train_stage(draft, seen, seen.child(draft.run_hash, ChildStage.TRAIN))
