"""What is to be done about a PreferenceJob: one checklist, read from top to bottom.

Everything here is decided from values, and no step depends on having seen an event.
"""

from dataclasses import replace
from datetime import datetime

from preference_api.children import ChildStage
from preference_api.identity import run_hash
from preference_api.v1alpha1.placement import Concurrency
from preference_operator.conditions import Outlook, false, true
from preference_operator.diagnose import Diagnosis
from preference_operator.draft import Draft, begin, resume
from preference_operator.finishing import expired, keep_finished, reject, still_live
from preference_operator.objects import Job
from preference_operator.observe import ChildState, Seen
from preference_operator.plans import Plan, ProgressWrite, noted
from preference_operator.retraining import dataset_changed, list_when_due
from preference_operator.same_run import lost_to_another
from preference_operator.settings import Settings, image_allowed
from preference_operator.stages import check_stage, train_stage


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
    decided = (
        _finished(draft, seen)
        or _invalid(draft, seen)
        or _not_allowed(draft, seen, settings)
        or _accepted(draft.say(accepted=true("Valid", "The spec is valid.")), seen)
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
    fault = Diagnosis(
        reason="ImageNotAllowed",
        message=f"spec.image {spec.image} is not among the images that this operator may start",
        remedy="Remove spec.image, or ask for it to be added to the operator's allowed images.",
    )
    return reject(draft, seen, fault)


def _accepted(draft: Draft, seen: Seen) -> Plan:
    return _previous_run(draft, seen) or _this_run(draft, seen)


def _previous_run(draft: Draft, seen: Seen) -> Plan | None:
    """Children of another spec: followed to their end, or stopped, before the next run begins."""
    old = tuple(child for child in seen.children if child.run_hash != draft.run_hash)
    if not old:
        return None
    followed = _follow(draft, seen)
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


def _follow(draft: Draft, seen: Seen) -> Plan | None:
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
    return _next_follows(train_stage(resume(job, run, draft.now), seen, train))


def _next_follows(plan: Plan) -> Plan:
    """The end of an earlier run is not the end of what the object asks for now."""
    draft = plan.draft
    if draft is None or draft.outlook is Outlook.PROGRESSING:
        return plan
    onward = draft.stand("Replacing", Outlook.PROGRESSING, draft.reason, draft.message)
    failed = draft.outlook is Outlook.FAILED
    return replace(plan, draft=replace(onward, troubled=failed), progress=None)


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
    halted = draft.say(
        suspended=true("Suspended", message),
        running=false("Suspended", "Nothing runs."),
        admitted=false("Suspended", "No pod is asked for."),
    )
    return Plan(draft=halted.stand("Suspended", Outlook.SUSPENDED, "Suspended", message))


def _advance(draft: Draft, seen: Seen) -> Plan:
    run = draft.run
    assert run is not None
    draft = draft.say(suspended=false("NotAsked", "Suspension is not asked for."))
    if run.resolved is None:
        return check_stage(draft, seen)
    return train_stage(draft, seen, seen.child(draft.run_hash, ChildStage.TRAIN))
