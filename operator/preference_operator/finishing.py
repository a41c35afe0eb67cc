"""The end of a run: how it is told, kept, and when the object goes."""

from dataclasses import replace

from preference_api.v1alpha1.status import (
    Condition,
    ConditionStatus,
    HistoryEntry,
    Progress,
    Result,
    Stage,
)
from preference_api.wire import TrainSummary
from preference_operator.conditions import Outlook, Word, false, true
from preference_operator.diagnose import Diagnosis
from preference_operator.draft import Draft, resume
from preference_operator.objects import Job
from preference_operator.observe import Child, Seen
from preference_operator.plans import AT_ONCE, Plan, ProgressWrite


def finish(draft: Draft, seen: Seen, result: TrainSummary, *, reason: str) -> Plan:
    """The model stands in the bucket; what may still be busy with it is stopped.

    Args:
        draft: What is known of the run.
        seen: The children.
        result: Where the model is, and how good.
        reason: Trained, or Reused where the bucket held it before.

    """
    ended = _ended(draft.at(Stage.DONE), reason, accuracy=result.metrics.accuracy)
    told = replace(
        ended.say(running=false("Finished", "Nothing runs."), evaluation_passed=_verdict(result)),
        result=Result(
            model_uri=result.model_uri, report_uri=result.report_uri, metrics=result.metrics
        ),
    )
    message = result.headline or "The model is published."
    return Plan(
        delete=still_live(seen),
        draft=told.stand("Succeeded", Outlook.SUCCEEDED, reason, message),
        progress=_completed(draft.job),
        # The end is looked at once more: for the time to live.
        wake_after=AT_ONCE,
    )


def _completed(job: Job) -> ProgressWrite | None:
    """Progress as it is at the end; None where it stands so already."""
    known = job.status.progress or Progress()
    step = max(known.step, known.steps)
    done = {"stage": Stage.DONE, "step": step, "percent": 100.0, "seconds_left": None}
    value = known.model_copy(update=done)
    return None if value == job.status.progress else ProgressWrite(value=value)


def _verdict(result: TrainSummary) -> Word:
    if result.promoted:
        return true("Promoted", result.gate_message or "The model is the job's current one.")
    return false("NotPromoted", result.gate_message or "The gate kept the model back.")


def fail(draft: Draft, seen: Seen, fault: Diagnosis) -> Plan:
    """The run failed for good; what is left of it is stopped."""
    ended = _ended(draft, fault.reason, accuracy=None)
    return replace(_stopped(ended, seen, "Failed", fault), wake_after=AT_ONCE)


def reject(draft: Draft, seen: Seen, fault: Diagnosis) -> Plan:
    """The spec cannot be worked on as it is; nothing was begun, so nothing has ended."""
    job, run = draft.job, draft.job.status.run
    kept = resume(job, run, draft.now) if run else replace(draft, run=None)
    refused = kept.say(accepted=false(fault.reason, fault.text))
    return _stopped(refused, seen, "Invalid", fault)


def _stopped(draft: Draft, seen: Seen, state: str, fault: Diagnosis) -> Plan:
    told = draft.say(running=false(state, "Nothing runs."))
    return Plan(
        delete=still_live(seen),
        draft=told.stand(state, Outlook.FAILED, fault.reason, fault.text),
    )


def _ended(draft: Draft, reason: str, *, accuracy: float | None) -> Draft:
    """The draft with the run at its end and in the history, newest first."""
    run, spec = draft.run, draft.job.spec
    if run is None or spec is None:
        return draft
    run = run.model_copy(update={"completion_time": draft.now})
    entry = HistoryEntry(
        run_id=run.id,
        number=run.number,
        reason=reason,
        completion_time=draft.now,
        accuracy=accuracy,
    )
    earlier = [one for one in draft.history if one.number != run.number]
    history = (entry, *earlier)[: spec.retrain.history_limit]
    return replace(draft, run=run, history=history)


def keep_finished(draft: Draft, seen: Seen, end: Condition) -> Plan:
    """A finished run stays finished; a child that was made again by hand or by mistake goes."""
    good = end.status is ConditionStatus.TRUE
    state, outlook = ("Succeeded", Outlook.SUCCEEDED) if good else ("Failed", Outlook.FAILED)
    return Plan(
        delete=still_live(seen),
        draft=draft.stand(state, outlook, end.reason, end.message),
        progress=_completed(draft.job) if good else None,
        wake_after=_seconds_to_live(draft),
    )


def expired(draft: Draft) -> Plan | None:
    """The plan that removes an object whose time to live is over."""
    left = _seconds_to_live(draft)
    return Plan(remove=True) if left is not None and left <= 0 else None


def _seconds_to_live(draft: Draft) -> float | None:
    spec, run = draft.job.spec, draft.run
    if spec is None or spec.ttl_seconds_after_finished is None:
        return None
    assert run is not None
    assert run.completion_time is not None
    age = (draft.now - run.completion_time).total_seconds()
    return spec.ttl_seconds_after_finished - age


def still_live(seen: Seen) -> tuple[Child, ...]:
    """Children that may still use a device and are not yet told to go."""
    return tuple(child for child in seen.children if child.live and not child.deleting)
