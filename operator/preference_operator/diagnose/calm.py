"""What the reasons mean that ask nothing of anybody: of a run on its way, and of its end."""

from collections.abc import Mapping
from dataclasses import dataclass

from preference_operator.objects import SAME_RUN

READY = "Ready"
"""Stands for the summary, which column REASON and the events show, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """What such a reason means.

    shown: The conditions that give it.
    """

    shown: str
    meaning: str


def _calm(shown: str, meaning: str) -> Calm:
    return Calm(shown=shown, meaning=meaning)


CALM: Mapping[str, Calm] = {
    "Starting": _calm(READY, "A pod is on its way."),
    "Checking": _calm(READY, "The check reads model and pairs."),
    "Training": _calm(READY, "The training pod runs; column STATE tells what it does."),
    "Waiting": _calm(READY, "An earlier Job of the same name still has to be gone."),
    SAME_RUN: _calm(
        READY,
        "The same run is trained for another PreferenceJob, here or in another cluster; its result "
        "is waited for and used.",
    ),
    "FindingResult": _calm(
        READY,
        "A check looks the result up in the bucket: the training pod is gone, or the run was "
        "trained for somebody else.",
    ),
    "Preempted": _calm(
        READY,
        "The last pod had to go; the next one follows. The message is that of the cause, and an "
        "attempt counts against spec.restarts.preemptions.",
    ),
    "Retrying": _calm(
        READY,
        "The last attempt failed, and the next one follows. The message and the way out are those "
        "of the cause; it counts against spec.restarts.failures.",
    ),
    "SpecEdited": _calm(READY, "The spec was edited before the pod began; its Job is made again."),
    "Replacing": _calm(
        READY, "Another run is asked for; the pods of the one before save and end first."
    ),
    "DatasetChanged": _calm(READY, "The files of the dataset changed; another run begins."),
    "Suspending": _calm(READY, "spec.suspend is true: the pods save and end."),
    "Suspended": _calm(
        "Ready, Suspended, Running, Admitted", "spec.suspend is true, and nothing runs."
    ),
    "Trained": _calm(READY, "The model is published."),
    "Reused": _calm(READY, "The bucket held the result of this run; nothing was trained."),
    "DatasetNotListed": _calm(
        "an event alone",
        "Whether the dataset changed could not be seen; the next look follows as planned.",
    ),
    "Valid": _calm("Accepted", "The spec is valid."),
    "NotChecked": _calm("DataReady", "The check has not ended."),
    "Checked": _calm("DataReady", "The check passed; the message has counts and findings."),
    "NotAsked": _calm("Admitted, Suspended", "No pod, or no suspension, is asked for yet."),
    "Pending": _calm("Admitted", "The training pod waits for a node."),
    "Scheduled": _calm("Admitted", "The training pod has a node."),
    "Admitted": _calm("Admitted", "The queue has admitted the training."),
    "NotStarted": _calm("Running", "No pod was made yet."),
    "Finished": _calm("Running", "The run is over, and nothing runs."),
    "Invalid": _calm("Running", "The spec cannot be worked on; Accepted says why."),
    "NoneYet": _calm("CheckpointAvailable", "No checkpoint is complete yet."),
    "Saved": _calm("CheckpointAvailable", "status.checkpoint names the newest complete one."),
    "NotEvaluated": _calm("EvaluationPassed", "The model is not evaluated yet."),
    "Promoted": _calm("EvaluationPassed", "The gate let the model become the current one."),
    "NotPromoted": _calm(
        "EvaluationPassed", "The gate kept the model back; the message has its case."
    ),
}
"""By reason, in the order of a run; a test compares it with what the operator writes."""
