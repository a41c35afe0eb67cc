"""What the cluster says about a PreferenceJob's children, as values to decide on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from preference_api.children import ChildStage, parse_child_name
from preference_api.v1alpha1.status import Attempts
from preference_api.wire import LiveProgress, TerminationMessage
from preference_operator.attempt_counts import counts_at_birth, used
from preference_operator.bodies import Body, owner_uid, waiting_since
from preference_operator.children import (
    QUEUE_LABEL,
    SETTINGS_ANNOTATION,
    WANTED_ANNOTATION,
    attempts_before,
)
from preference_operator.diagnose import Diagnosis, Ending, Verdict, ended, job_failed, waiting
from preference_operator.objects import Job


class ChildState(Enum):
    """How far a child Job is."""

    WAITING = auto()
    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A child Job with its pods.

    deleting: It is on its way out and waits for its pods to end.
    in_queue: It names a queue of Kueue, or is held back.
    queued: It is held back (`spec.suspend`): its queue has not admitted it.
    scheduled: A pod has a node.
    attempts: Attempts of this run and stage that ended early, those of earlier Jobs included.
    preemptions: Those of this Job alone that were preempted.
    wanted: Hash of the spec that it was made from; empty where that is not known.
    made_from: Hash of the settings that it was made from; empty where that is not known.
    pods: How many of its pods are left.
    pending: A pod of it has not begun yet.
    goes_on: A pod of it has not ended yet, and neither has it.
    waiting: Why its pod does not run yet.
    ending: How its newest finished pod ended.
    failure: Why the Job failed.
    made_at, finished_at: When it was made and when it ended, as Kubernetes writes times.
    waiting_since: When it was made, or last suspended or resumed.
    """

    stage: ChildStage
    name: str
    uid: str
    run_hash: str
    state: ChildState
    deleting: bool
    in_queue: bool
    queued: bool
    scheduled: bool
    attempts: Attempts
    preemptions: int
    wanted: str
    made_from: str
    pods: int
    pending: bool
    goes_on: bool
    waiting: Diagnosis | None = None
    ending: Ending | None = None
    failure: Diagnosis | None = None
    made_at: str = ""
    finished_at: str = ""
    waiting_since: str = ""

    @property
    def live(self) -> bool:
        """Whether it may still use a device."""
        return self.state in (ChildState.WAITING, ChildState.RUNNING)

    @property
    def message(self) -> TerminationMessage | None:
        """The last word of its newest finished pod."""
        return self.ending.message if self.ending else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about the children of one PreferenceJob.

    live: What the training pod answered last.
    complaint: Why the Job controller cannot make a pod.
    queue: Why a queue holds a child back.
    refusal: Why the API server did not take the last child, or whose place it would have had.
    first: The object that trains the same run, or will.
    left: Training pods of this run that have not ended yet, of a Job that is not known.
    """

    jobs: Sequence[Body] = ()
    pods: Sequence[Body] = ()
    live: LiveProgress | None = None
    complaint: Diagnosis | None = None
    queue: Diagnosis | None = None
    refusal: Diagnosis | None = None
    first: Job | None = None
    left: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The children of one PreferenceJob.

    listings: Those that only list the dataset, which belong to no run.
    """

    children: tuple[Child, ...] = ()
    listings: tuple[Child, ...] = ()
    live: LiveProgress | None = None
    complaint: Diagnosis | None = None
    queue: Diagnosis | None = None
    refusal: Diagnosis | None = None
    first: Job | None = None
    left: Sequence[str] = ()

    def child(self, run_hash: str, stage: ChildStage) -> Child | None:
        """The child for a run and a stage."""
        wanted = (run_hash, stage)
        return next((one for one in self.children if (one.run_hash, one.stage) == wanted), None)

    def trouble(self, child: Child) -> Diagnosis | None:
        """Why a child has no pod, or one that does not run yet."""
        return self.complaint or child.waiting


def observe(facts: Facts) -> Seen:
    """Read the children out of the raw objects."""
    read = (_child(job, _own(job, facts.pods)) for job in facts.jobs)
    children = [child for child in read if child is not None]
    return Seen(
        children=tuple(child for child in children if child.stage is not ChildStage.LIST),
        listings=tuple(child for child in children if child.stage is ChildStage.LIST),
        live=facts.live,
        complaint=facts.complaint,
        queue=facts.queue,
        refusal=facts.refusal,
        first=facts.first,
        left=facts.left,
    )


def _own(job: Body, pods: Sequence[Body]) -> list[Body]:
    """The pods of a Job, oldest first."""
    own = (pod for pod in pods if owner_uid(pod) == job["metadata"]["uid"])
    return sorted(own, key=lambda pod: (_created(pod), counts_at_birth(pod)))


def _created(body: Body) -> str:
    return str(body["metadata"].get("creationTimestamp", ""))


def _child(job: Body, pods: Sequence[Body]) -> Child | None:
    """The child that a Job is; None where it is none of ours.

    The name says which, and not the labels: a name cannot be edited.
    """
    metadata = job["metadata"]
    named = parse_child_name(metadata["name"])
    if named is None:
        return None
    newest, ending = (pods[-1] if pods else None), _ending(pods)
    held = bool(job["spec"].get("suspend"))
    state, (failures, preemptions) = _state(job, newest), used(pods, held=held)
    annotations = metadata.get("annotations") or {}
    before = attempts_before(annotations)
    return Child(
        stage=named.stage,
        name=metadata["name"],
        uid=metadata["uid"],
        run_hash=named.run_hash,
        state=state,
        deleting="deletionTimestamp" in metadata,
        in_queue=held or QUEUE_LABEL in (metadata.get("labels") or {}),
        queued=held,
        scheduled=bool(newest and newest["spec"].get("nodeName")),
        attempts=Attempts(
            failures=before.failures + max(failures, job["status"].get("failed") or 0),
            preemptions=before.preemptions + preemptions,
        ),
        preemptions=preemptions,
        wanted=annotations.get(WANTED_ANNOTATION, ""),
        made_from=annotations.get(SETTINGS_ANNOTATION, ""),
        pods=len(pods),
        pending=newest is not None and newest["status"].get("phase", "Pending") == "Pending",
        goes_on=newest is not None and ended(newest) is None and not _finished_at(job),
        waiting=waiting(newest) if newest and state is ChildState.WAITING else None,
        ending=ending,
        failure=job_failed(job, ending) if state is ChildState.FAILED else None,
        made_at=_created(job),
        finished_at=_finished_at(job),
        waiting_since=waiting_since(job),
    )


def _state(job: Body, newest: Body | None) -> ChildState:
    over = _condition(job, "Complete") or _condition(job, "Failed")
    if over and newest and ended(newest) is None:
        # Jobs and pods come by watches of their own: what the pod said is still on its way.
        return ChildState.RUNNING
    if over:
        return ChildState.SUCCEEDED if over["type"] == "Complete" else ChildState.FAILED
    return ChildState.RUNNING if newest and _at_work(newest) else ChildState.WAITING


def _at_work(pod: Body) -> bool:
    """Whether a pod runs, or ended so that its Job ends with it, which takes a moment more."""
    ending = ended(pod)
    over = ending is not None and ending.verdict in (Verdict.DONE, Verdict.REFUSED)
    return over or pod["status"].get("phase") == "Running"


def _condition(job: Body, kind: str) -> Mapping[str, Any] | None:
    conditions = job["status"].get("conditions") or ()
    return next(
        (one for one in conditions if (one.get("type"), one.get("status")) == (kind, "True")), None
    )


def _finished_at(job: Body) -> str:
    end = _condition(job, "Complete") or _condition(job, "Failed") or {}
    return str(end.get("lastTransitionTime", ""))


def _ending(pods: Sequence[Body]) -> Ending | None:
    endings = (ended(pod) for pod in reversed(pods))
    return next((ending for ending in endings if ending is not None), None)
