"""A whole run before a real operator: the test plays scheduler, kubelet and trainer.

After each act the player waits for what the operator makes of it, so that every run is the same
sequence of writes, whatever becomes of one of them on its way.
"""

from dataclasses import dataclass, field
from typing import Any

from api_history import PODS, History, Record
from control_plane import ControlPlane
from pods import Body, Kubelet
from preference_api.children import ChildStage, child_name
from preference_api.v1alpha1.status import Checkpoint, Metrics, Resolved, Stage
from preference_api.wire import (
    STAGE_LABEL,
    CheckSummary,
    ExitCode,
    LiveProgress,
    TerminationMessage,
    TrainSummary,
)
from preference_jobs import PreferenceJobs
from preference_operator.objects import read_job
from progress_port import ProgressPort

RESOLVED = Resolved(run_id="run-1", dataset_digest="d" * 64, model_digest="e" * 64)
VERDICT = CheckSummary(resolved=RESOLVED, reused=False, pairs=90, evaluation_pairs=10, dropped=1)
SUMMARY = TrainSummary(
    run_id="run-1",
    model_uri="s3://bucket/output/runs/run-1/model",
    report_uri="s3://bucket/output/runs/run-1/report.html",
    metrics=Metrics(accuracy=0.64, margin=0.5),
    headline="18 points better.",
)
CHECKED = TerminationMessage(exit_code=0, reason="Checked", check=VERDICT)
REUSED = TerminationMessage(
    exit_code=0,
    reason="Reused",
    check=VERDICT.model_copy(update={"reused": True}),
    result=SUMMARY,
)
TRAINED = TerminationMessage(exit_code=0, reason="Trained", result=SUMMARY)
SAVED = Checkpoint(uri="s3://bucket/output/runs/run-1/checkpoints/preference-step-000005", step=5)
STOPPED = TerminationMessage(
    exit_code=ExitCode.STOPPED_EARLY, reason="Stopped", step=SAVED.step, checkpoint_uri=SAVED.uri
)
TRAINING = LiveProgress(
    stage=Stage.TRAIN, step=5, steps=10, percent=50.0, loss=0.5, checkpoint=SAVED
)


@dataclass(slots=True)
class RunPlayer:
    """One PreferenceJob and everybody that its run depends on, save the operator.

    Args:
        plane: Where it is.
        namespace: Which it is in.
        history: Of the control plane.
        port: Where its pods answer.
        name: Of the PreferenceJob.
    """

    plane: ControlPlane
    namespace: str
    history: History
    port: ProgressPort
    name: str = "tone"
    record: Record = field(default_factory=Record, init=False)
    address: str = field(init=False)

    def __post_init__(self) -> None:
        self.address = self.port.new_address()

    @property
    def jobs(self) -> PreferenceJobs:
        """The PreferenceJobs of the namespace."""
        return PreferenceJobs(self.plane, self.namespace)

    @property
    def kubelet(self) -> Kubelet:
        """Scheduler and kubelet of the namespace."""
        return Kubelet(self.plane, self.namespace)

    def play(self, **spec: Any) -> None:
        """A run that is preempted once, goes on, and succeeds."""
        self.create(**spec)
        self.check()
        self.preempt(self.train())
        self.end(self.start(ChildStage.TRAIN), TRAINED)
        self.await_success()

    def create(self, **spec: Any) -> Body:
        """Make the PreferenceJob, whose run is no other object's, and follow it from now on."""
        output = {"uri": f"s3://bucket/{self.namespace}/{self.name}"}
        made = self.jobs.create(self.name, **{"output": output, **spec})
        self.follow()
        return made

    def follow(self) -> None:
        """Follow the PreferenceJob of the name that stands now."""
        self.record = self.history.record(self.jobs.get(self.name)["metadata"]["uid"])

    def check(self, word: TerminationMessage = CHECKED) -> None:
        """Run a check that ends with these words."""
        self.end(self.start(ChildStage.CHECK), word)

    def train(self) -> Body:
        """Run the next training pod until a checkpoint is known; the pod."""
        pod = self.start(ChildStage.TRAIN)
        self.port.tell(self.address, TRAINING)
        self.await_word("CheckpointAvailable", "True")
        return pod

    def start(self, stage: ChildStage) -> Body:
        """Run the next pod of a stage; returns when the status tells of it."""
        pod = self.await_pod(stage)
        if stage is ChildStage.TRAIN:
            self.await_word("Admitted", "Unknown", "Pending")
        self.kubelet.bind(pod)
        if stage is ChildStage.TRAIN:
            self.await_word("Admitted", "True")
        self.kubelet.start(pod, address=self.address)
        self.await_word("Running", "True")
        return pod

    def await_pod(self, stage: ChildStage) -> Body:
        """The pod of a stage that waits for a node, once it is there."""
        self.record.until(lambda: bool(self._waiting(stage)))
        return self._waiting(stage)[0]

    def preempt(self, pod: Body) -> None:
        """Have a pod save and end; returns when the status tells of it."""
        self.end(pod, STOPPED)
        self.await_word("Running", "False", "Preempted")

    def stop(self, pod: Body) -> None:
        """Have a pod that is told to go save, end, and go."""
        self.await_told_to_go(pod)
        self.end(pod, STOPPED)
        self.kubelet.remove(pod)

    def await_told_to_go(self, pod: Body) -> None:
        """Return once somebody has asked for a pod's deletion, and it may still save."""
        self.record.until(lambda: self._told_to_go(pod))

    def end(self, pod: Body, word: TerminationMessage) -> None:
        """Have a pod end with these words, long enough ago that the next one is due."""
        self.kubelet.finish(pod, word.exit_code, message=word)

    def await_success(self) -> None:
        """Return once the run has succeeded, and all of the status says so."""
        self.await_word("Succeeded", "True")
        self.record.until(lambda: self.record.status.get("progress", {}).get("stage") == Stage.DONE)

    def await_word(self, kind: str, status: str, reason: str = "") -> None:
        """Return once a condition says so."""
        self.record.until(lambda: self._says(kind, status, reason))

    def word(self, kind: str) -> Body:
        """A condition of the status, empty where there is none."""
        conditions: list[Body] = self.record.status.get("conditions", [])
        return next((one for one in conditions if one["type"] == kind), {})

    def child(self, stage: ChildStage) -> str:
        """Name of the child Job of a stage, for the spec as it is."""
        job = read_job(self.jobs.get(self.name))
        return child_name(
            self.name, job.spec_hash if stage is ChildStage.LIST else job.run_hash, stage
        )

    def _stage_told(self) -> str | None:
        """The stage that the progress tells of."""
        stage: str | None = self.record.status.get("progress", {}).get("stage")
        return stage

    def _waiting(self, stage: ChildStage) -> list[Body]:
        return [
            pod
            for pod in self.record.current(PODS)
            if pod["metadata"]["labels"][STAGE_LABEL] == stage
            and pod["status"]["phase"] == "Pending"
            and "nodeName" not in pod["spec"]
            and "deletionTimestamp" not in pod["metadata"]
        ]

    def _told_to_go(self, pod: Body) -> bool:
        uid = pod["metadata"]["uid"]
        metadata = [one["metadata"] for one in self.record.current(PODS)]
        return any(one["uid"] == uid and "deletionTimestamp" in one for one in metadata)

    def _says(self, kind: str, status: str, reason: str) -> bool:
        said = self.word(kind)
        return said.get("status") == status and reason in ("", said.get("reason"))
