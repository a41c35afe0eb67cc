"""The reasons that the operator gives, and what a diagnosis is made of."""

import re
from dataclasses import dataclass
from enum import StrEnum

MOST_IN_MESSAGE = 620
MOST_IN_REMEDY = 400
"""Characters; both together, with what joins them, fit into a condition's 1,024."""

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}")


class Reason(StrEnum):
    """Why a PreferenceJob does not get on; where Kubernetes has a word for it, that one."""

    QUEUED = "Queued"
    QUEUE_SILENT = "QueueSilent"
    PREEMPTED_BY_QUEUE = "PreemptedByQueue"

    POD_SECURITY_VIOLATION = "PodSecurityViolation"
    QUOTA_EXCEEDED = "QuotaExceeded"
    LIMIT_RANGE_VIOLATION = "LimitRangeViolation"
    SERVICE_ACCOUNT_NOT_FOUND = "ServiceAccountNotFound"
    PRIORITY_CLASS_NOT_FOUND = "PriorityClassNotFound"
    ADMISSION_DENIED = "AdmissionDenied"
    WEBHOOK_UNAVAILABLE = "WebhookUnavailable"
    NAMESPACE_TERMINATING = "NamespaceTerminating"
    INVALID_POD = "InvalidPod"
    POD_NOT_CREATED = "PodNotCreated"

    UNSCHEDULABLE = "Unschedulable"
    SCHEDULING_GATED = "SchedulingGated"
    IMAGE_PULL_BACK_OFF = "ImagePullBackOff"
    INVALID_IMAGE_NAME = "InvalidImageName"
    IMAGE_NEVER_PULLED = "ErrImageNeverPull"
    SECRET_NOT_FOUND = "SecretNotFound"
    CONTAINER_CONFIG_ERROR = "CreateContainerConfigError"
    CONTAINER_ERROR = "CreateContainerError"

    BAD_CONFIGURATION = "BadConfiguration"
    BAD_DATA = "BadData"
    STORAGE_REFUSED = "StorageRefused"
    DIVERGED = "Diverged"

    STOPPED_EARLY = "StoppedEarly"
    EVICTION_BY_API = "EvictionByEvictionAPI"
    PREEMPTION_BY_SCHEDULER = "PreemptionByScheduler"
    DELETION_BY_TAINT_MANAGER = "DeletionByTaintManager"
    DELETION_BY_POD_GC = "DeletionByPodGC"
    TERMINATION_BY_KUBELET = "TerminationByKubelet"
    DISRUPTED = "Disrupted"

    STORAGE_UNAVAILABLE = "StorageUnavailable"
    OUT_OF_MEMORY = "OOMKilled"
    EVICTED = "Evicted"
    NODE_LOST = "NodeLost"
    REFUSED_BY_NODE = "RefusedByNode"
    KILLED = "Killed"
    TERMINATED = "Terminated"
    SEGMENTATION_FAULT = "SegmentationFault"
    ENDED_BY_SIGNAL = "EndedBySignal"
    CANNOT_START = "CannotStart"
    CONTAINER_LOST = "ContainerStatusUnknown"
    UNEXPECTED_EXIT = "UnexpectedExit"
    POD_FAILED = "PodFailed"

    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    JOB_FAILED = "Failed"

    INVALID_SPEC = "InvalidSpec"
    IMAGE_NOT_ALLOWED = "ImageNotAllowed"
    JOB_REFUSED = "JobRefused"
    NAME_CONFLICT = "NameConflict"
    LABEL_MISSING = "LabelMissing"
    WAITING_FOR_PREDECESSOR = "WaitingForPredecessor"
    VERDICT_LOST = "VerdictLost"
    PREEMPTED_TOO_OFTEN = "PreemptedTooOften"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is wrong.

    reason: One CamelCase word, a `Reason` or the trainer's own.
    message: A sentence without its full stop, that names the object or field.
    remedy: The way out, as sentences.
    """

    reason: str
    message: str
    remedy: str

    @property
    def text(self) -> str:
        """Message and way out, as a condition shows them."""
        return f"{as_sentence(self.message)} {self.remedy}".strip()


def as_sentence(words: str) -> str:
    """The words with a capital and a full stop; names of fields and objects keep their letters."""
    first = words.partition(" ")[0]
    return f"{words[:1].upper() if first.isalpha() else words[:1]}{words[1:].rstrip('.')}."


def is_word(text: str) -> bool:
    """Whether a text can be the reason of a condition."""
    return _WORD.fullmatch(text) is not None


def shortened(text: str, most: int) -> str:
    """The text on one line, without characters that a terminal would obey, cut with an ellipsis."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(shown.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
