"""What the reasons mean that ask nothing of anybody: of a run on its way, and of its end."""

from collections.abc import Mapping
from dataclasses import dataclass

from preference_operator.objects import SAME_RUN

READY = "Ready"
"""Stands for the summary, which column REASON and the events show, too."""


@dataclass(frozen=True, slots=True)
class Calm:
    """What such a reason means.

    shown: The conditions that give it.
    """

    shown: str
    meaning: str


CALM: Mapping[str, Calm] = {
    "Starting": Calm(READY, "A pod is on its way."),
    "Checking": Calm(READY, "The check reads model and pairs."),
    "Training": Calm(READY, "The training pod runs; column STATE tells what it does."),
    "Waiting": Calm(READY, "An earlier Job of the same name still has to be gone."),
    SAME_RUN: Calm(
        READY,
        "The same run is trained for another PreferenceJob, here or in another cluster; its result "
        "is waited for and used.",
    ),
    "FindingResult": Calm(
        READY,
        "A check looks the result up in the bucket: the training pod is gone, or the run was "
        "trained for somebody else.",
    ),
    "Preempted": Calm(
        READY,
        "The last pod had to go; the next one follows. The message is that of the cause, and an "
        "attempt counts against spec.restarts.preemptions.",
    ),
    "Retrying": Calm(
        READY,
        "The last attempt failed, and the next one follows. The message and the way out are those "
        "of the cause; it counts against spec.restarts.failures.",
    ),
    "SpecEdited": Calm(READY, "The spec was edited before the pod began; its Job is made again."),
    "SettingsChanged": Calm(
        READY,
        "The operator's settings were changed before the pod could start; its Job is made again.",
    ),
    "Replacing": Calm(
        READY, "Another run is asked for; the pods of the one before save and end first."
    ),
    "DatasetChanged": Calm(READY, "The files of the dataset changed; another run begins."),
    "Suspending": Calm(READY, "spec.suspend is true: the pods save and end."),
    "Suspended": Calm(
        "Ready, Suspended, Running, Admitted", "spec.suspend is true, and nothing runs."
    ),
    "Trained": Calm(READY, "The model is published."),
    "Reused": Calm(READY, "The bucket held the result of this run; nothing was trained."),
    "DatasetNotListed": Calm(
        "an event alone",
        "Whether the dataset changed could not be seen; the next look follows as planned.",
    ),
    "Valid": Calm("Accepted", "The spec is valid."),
    "NoSuchTimeZone": Calm(
        "Accepted", "The spec is valid, but its schedule never comes: there is no such time zone."
    ),
    "ScheduleNeverComes": Calm(
        "Accepted", "The spec is valid, but its schedule has no moment, as the 30th of February."
    ),
    "NotChecked": Calm("DataReady", "The check has not ended."),
    "Checked": Calm("DataReady", "The check passed; the message has counts and findings."),
    "NotAsked": Calm("Admitted, Suspended", "No pod, or no suspension, is asked for yet."),
    "Pending": Calm("Admitted", "The training pod waits for a node."),
    "Scheduled": Calm("Admitted", "The training pod has a node."),
    "Admitted": Calm("Admitted", "The queue has admitted the training."),
    "NotStarted": Calm("Running", "No pod was made yet."),
    "Finished": Calm("Running", "The run is over, and nothing runs."),
    "Invalid": Calm("Running", "The spec cannot be worked on; Accepted says why."),
    "NoneYet": Calm("CheckpointAvailable", "No checkpoint is complete yet."),
    "Saved": Calm("CheckpointAvailable", "status.checkpoint names the newest complete one."),
    "NotEvaluated": Calm("EvaluationPassed", "The model is not evaluated yet."),
    "Promoted": Calm("EvaluationPassed", "The gate let the model become the current one."),
    "NotPromoted": Calm(
        "EvaluationPassed", "The gate kept the model back; the message has its case."
    ),
}
"""By reason, in the order of a run; a test compares it with what the operator writes."""
