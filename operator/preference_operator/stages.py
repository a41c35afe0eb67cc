"""The two stages of a run: the check, which needs no device, and the training."""

from collections.abc import Mapping
from dataclasses import replace

from preference_api.children import ChildStage
from preference_api.v1alpha1.status import Attempts, DatasetStatus, Stage
from preference_api.wire import CheckSummary
from preference_operator.budgets import over_budget
from preference_operator.children import queue_labels, wanted_hash
from preference_operator.conditions import Outlook, false, true
from preference_operator.diagnose import Diagnosis, as_sentence
from preference_operator.draft import Draft
from preference_operator.finishing import fail, finish
from preference_operator.observe import Child, ChildState, Seen
from preference_operator.plans import AT_ONCE, Plan
from preference_operator.same_run import (
    look_again,
    lost_to_another,
    still_elsewhere,
    trained_elsewhere,
    wait_for,
)
from preference_operator.underway import calm, in_progress, order, was_last

_MOST_PREEMPTIONS_A_JOB = 3

_STATES: Mapping[Stage, str] = {
    Stage.CHECK: "Checking",
    Stage.DOWNLOAD: "Downloading",
    Stage.SFT: "Training",
    Stage.REFERENCE: "Scoring",
    Stage.TRAIN: "Training",
    Stage.EVALUATE: "Evaluating",
    Stage.PUBLISH: "Publishing",
    Stage.DONE: "Publishing",
}


_NO_WORD = Diagnosis(
    reason="Failed",
    message="the Job failed and left no word of why",
    remedy="Look at the Job and at the log of its pod.",
)
_LOST_WORD = Diagnosis(
    reason="VerdictLost",
    message="a pod ended well, and was gone with its message before it could be read",
    remedy="Keep finished pods a minute. Delete the object and apply it again: its check finds the "
    "result, or the run goes on from its newest checkpoint.",
)


def check_stage(draft: Draft, seen: Seen) -> Plan:
    """The run's identity is not known yet: check model and pairs."""
    child = seen.child(draft.run_hash, ChildStage.CHECK)
    draft = draft.at(Stage.CHECK)
    if child is None or child.deleting:
        return still_elsewhere(order(draft, seen, child, ChildStage.CHECK))
    draft = draft.count(child.attempts).listed(child.message)
    over = over_budget(draft, seen, child)
    if over is not None:
        return over
    if child.state is ChildState.FAILED:
        fault = child.failure or _NO_WORD
        return fail(draft.say(data_ready=false(fault.reason, fault.text)), seen, fault)
    if child.state is ChildState.SUCCEEDED:
        return _checked(draft, seen, child)
    return _remade(draft, child) or still_elsewhere(
        in_progress(draft, seen, child, doing="Checking", reason="Checking")
    )


def _checked(draft: Draft, seen: Seen, child: Child) -> Plan:
    message = child.message
    if message is None or message.check is None:
        return _ask_again(draft, seen, child)
    if message.check.elsewhere:
        return trained_elsewhere(draft, seen, child, message.check.resolved.run_id)
    draft = replace(_with_verdict(draft, message.check), attempts=Attempts())
    if message.check.reused and message.result is not None:
        return finish(draft, seen, message.result, reason="Reused")
    train = seen.child(draft.run_hash, ChildStage.TRAIN)
    if train is not None:
        return train_stage(draft, seen, train)
    # Others that ask for the same run are known by its identity, which is written down first.
    plan = calm(draft, "Starting", "Starting", "Model and pairs are checked.")
    return replace(plan, wake_after=AT_ONCE)


def _with_verdict(draft: Draft, check: CheckSummary) -> Draft:
    assert draft.run is not None
    found = {"id": check.resolved.run_id, "resolved": check.resolved}
    pairs = f"{check.pairs} training pairs, {check.evaluation_pairs} held out"
    told = " ".join(map(as_sentence, [pairs + _left_out(check.dropped), *check.warnings]))
    return replace(
        draft.say(data_ready=true("Checked", told)),
        run=draft.run.model_copy(update=found),
        dataset=DatasetStatus(
            digest=check.resolved.dataset_digest,
            pairs=check.pairs,
            evaluation_pairs=check.evaluation_pairs,
            dropped=check.dropped,
        ),
    )


def _left_out(rows: int) -> str:
    return f", {rows} {'row' if rows == 1 else 'rows'} left out" if rows else ""


def _ask_again(draft: Draft, seen: Seen, child: Child) -> Plan:
    """A check ended well and its pod is gone, with what it said: let another one say it."""
    spec, used = draft.job.spec, child.attempts.failures + 1
    assert spec is not None
    counted = draft.count(Attempts(failures=used))
    if used > spec.restarts.failures:
        return fail(counted, seen, _LOST_WORD)
    message = "The pod of the check is gone, and its verdict with it; it is checked again."
    again = counted.stand("Checking", Outlook.PROGRESSING, "VerdictLost", message)
    return Plan(delete=(child,), draft=replace(again, troubled=True))


def train_stage(draft: Draft, seen: Seen, child: Child | None) -> Plan:
    """The run's identity is known: train, unless that is done."""
    if child is None and seen.first is not None:
        return wait_for(draft, seen.first)
    if child is None and draft.job.waits_for_same_run:
        return look_again(draft, seen)
    if child is None or child.deleting:
        return order(draft, seen, child, ChildStage.TRAIN)
    draft = draft.count(child.attempts)
    if child.state is not ChildState.RUNNING:
        # An earlier pod's last word is older than what the one that runs has saved.
        draft = draft.heard(child.message)
    if lost_to_another(child):
        return look_again(draft, seen)
    over = over_budget(draft, seen, child)
    if over is not None:
        return over
    if child.state is ChildState.FAILED:
        return fail(draft, seen, child.failure or _NO_WORD)
    if child.state is ChildState.SUCCEEDED or _done_while_told_to_go(child):
        return _trained(draft, seen, child)
    return _remade(draft, child) or _training(draft, seen, child)


def _remade(draft: Draft, child: Child) -> Plan | None:
    """A Job that has no pod at work is made again where a fresh one would do better."""
    job = draft.job
    assert job.spec is not None
    if child.state is not ChildState.WAITING or child.run_hash != job.run_hash:
        return None
    if child.wanted not in ("", wanted_hash(job.spec, queue_labels(job, child.stage))):
        message = "The spec was edited before the pod began; its Job is made again."
        again = draft.stand("Restarting", Outlook.PROGRESSING, "SpecEdited", message)
        return Plan(delete=(child,), draft=again)
    if _worn(child) and not was_last(draft, child):
        message = "The pod was preempted; a fresh Job goes on without a long pause."
        again = draft.stand("Restarting", Outlook.PROGRESSING, "Preempted", message)
        return Plan(delete=(child,), draft=replace(again, troubled=True))
    return None


def _worn(child: Child) -> bool:
    """Whether the Job controller would let a preempted child wait for minutes.

    It doubles the pause with every attempt, 10 seconds at first, and counts the preempted ones. A
    fresh Job would lose its place in a queue, which may be worth more than ten minutes.
    """
    between = child.ending is not None and not child.pending and not child.in_queue
    return between and child.preemptions >= _MOST_PREEMPTIONS_A_JOB


def _done_while_told_to_go(child: Child) -> bool:
    """Whether the last pod ended well after its queue had taken the place back.

    The Job controller does not count it any more, and would begin another one.
    """
    return child.queued and child.message is not None and child.message.result is not None


def _trained(draft: Draft, seen: Seen, child: Child) -> Plan:
    message = child.message
    if message is not None and message.result is not None:
        return finish(draft, seen, message.result, reason="Trained")
    return _find_result(draft, seen, child)


def _find_result(draft: Draft, seen: Seen, train: Child) -> Plan:
    """The training ended well and its pod is gone: a check finds the result in the bucket."""
    check = seen.child(train.run_hash, ChildStage.CHECK)
    if check is None or check.deleting or check.live:
        return check_stage(draft, seen)
    if check.message is not None and check.message.result is not None:
        return finish(draft, seen, check.message.result, reason="Reused")
    if check.state is ChildState.FAILED or check.finished_at > train.finished_at:
        return fail(draft, seen, check.failure or _LOST_WORD)
    message = "The training pod is gone; its result is looked up in the bucket."
    return Plan(
        delete=(check,),
        draft=draft.stand("Publishing", Outlook.PROGRESSING, "FindingResult", message),
    )


def _training(draft: Draft, seen: Seen, child: Child) -> Plan:
    if seen.live is not None and child.state is ChildState.RUNNING:
        draft = draft.at(seen.live.stage)
        if seen.live.checkpoint is not None:
            draft = draft.saved(seen.live.checkpoint)
    elif draft.run is not None and draft.run.stage is Stage.CHECK:
        draft = draft.at(Stage.DOWNLOAD)
    assert draft.run is not None
    doing = _STATES[draft.run.stage]
    return in_progress(draft, seen, child, doing=doing, reason="Training")
