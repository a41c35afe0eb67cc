"""A stage that is not at its end: its Job is made, waits, or runs."""

from collections.abc import Mapping
from dataclasses import replace

from preference_api.children import ChildStage
from preference_api.identity import run_hash
from preference_api.v1alpha1.status import Attempts, Checkpoint
from preference_operator.conditions import Outlook, false, true, unknown
from preference_operator.diagnose import Diagnosis, Verdict
from preference_operator.draft import Draft
from preference_operator.observe import Child, ChildState, Seen
from preference_operator.pauses import pause
from preference_operator.plans import Plan
from preference_operator.queued import admission, held
from preference_operator.trainer_pod import Order

_MOST_PAUSE_SECONDS = 60.0
_BLOCKED_SECONDS, _MOST_BLOCKED_SECONDS = 30.0, 300.0

_NOUNS: Mapping[ChildStage, str] = {ChildStage.CHECK: "check", ChildStage.TRAIN: "training"}


def in_progress(draft: Draft, seen: Seen, child: Child, *, doing: str, reason: str) -> Plan:
    """A child that is not at its end: running, or why it is not."""
    draft = _admission(draft, seen, child)
    if child.queued:
        return held(draft, seen, child)
    if child.state is not ChildState.RUNNING and not was_last(draft, child):
        return _waiting(draft, seen, child)
    message = f"The {_NOUNS[child.stage]} pod runs."
    running = draft.say(running=true(doing, message))
    return Plan(draft=running.stand(doing, Outlook.PROGRESSING, reason, message))


def was_last(draft: Draft, child: Child) -> bool:
    """Whether the attempt that failed was the last one: its Job ends with it, a moment later."""
    spec, ending = draft.job.spec, child.ending
    assert spec is not None
    failed = ending is not None and ending.verdict is Verdict.FAILED and not child.pending
    return failed and child.attempts.failures > spec.restarts.failures


def never_began(child: Child, checkpoint: Checkpoint | None) -> bool:
    """Whether no pod of a training ever came to work, and nothing is lost with it."""
    tried = child.attempts.failures + child.attempts.preemptions
    idle = child.state is ChildState.WAITING and child.ending is None
    return idle and tried == 0 and checkpoint is None


def _admission(draft: Draft, seen: Seen, child: Child) -> Draft:
    if child.stage is ChildStage.CHECK:
        return draft
    if child.in_queue:
        return draft.say(admitted=admission(draft, seen, child))
    if child.scheduled:
        return draft.say(admitted=true("Scheduled", "The training pod has a node."))
    trouble = seen.trouble(child)
    if trouble is not None:
        return draft.say(admitted=false(trouble.reason, trouble.text))
    return draft.say(admitted=unknown("Pending", "The training pod waits for a node."))


def _waiting(draft: Draft, seen: Seen, child: Child) -> Plan:
    trouble = seen.trouble(child)
    last = child.ending
    if trouble is not None:
        # A pod that is made after all wakes the object.
        later = _BLOCKED_SECONDS if child.pods else pause(draft, child, most=_MOST_BLOCKED_SECONDS)
        return _troubled(draft, "Pending", trouble, wake_after=later)
    if last is not None and last.diagnosis is not None:
        preempted = last.verdict is Verdict.PREEMPTED
        again = replace(last.diagnosis, reason="Preempted" if preempted else "Retrying")
        return _troubled(draft, "Restarting", again)
    starting = calm(draft, "Starting", "Starting", f"The {_NOUNS[child.stage]} pod is on its way.")
    after = None if child.pods else pause(draft, child, most=_MOST_PAUSE_SECONDS)
    return replace(starting, wake_after=after)


def _troubled(
    draft: Draft, state: str, trouble: Diagnosis, *, wake_after: float = _BLOCKED_SECONDS
) -> Plan:
    said = trouble.text
    stopped = draft.say(running=false(trouble.reason, said))
    told = stopped.stand(state, Outlook.PROGRESSING, trouble.reason, said)
    return Plan(draft=replace(told, troubled=True), wake_after=wake_after)


def calm(draft: Draft, state: str, reason: str, message: str) -> Plan:
    """A plan that waits for something that comes by itself."""
    waiting = draft.say(running=false(reason, message))
    return Plan(draft=waiting.stand(state, Outlook.PROGRESSING, reason, message))


def order(draft: Draft, seen: Seen, child: Child | None, stage: ChildStage) -> Plan:
    """Make the child; one that is on its way out has to be gone first."""
    spec, run = draft.job.spec, draft.run
    assert spec is not None
    assert run is not None
    if child is not None:
        return calm(draft, "Starting", "Waiting", f"Job {child.name} still has to be gone.")
    if seen.refusal is not None:
        plan = _troubled(draft, "Blocked", seen.refusal)
    else:
        plan = calm(draft, "Starting", "Starting", f"The {_NOUNS[stage]} pod is on its way.")
    wanted = Order(
        job=draft.job,
        spec=spec,
        stage=stage,
        run_hash=run_hash(run),
        resolved=run.resolved if stage is ChildStage.TRAIN else None,
        attempts=draft.attempts or Attempts(),
        left=seen.left if stage is ChildStage.TRAIN else (),
    )
    return replace(plan, create=wanted)
