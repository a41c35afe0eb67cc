"""Advice for attempts that ended and Jobs that gave up."""

from collections.abc import Mapping

from preference_operator.diagnose.advice import Advice, Cause, Group
from preference_operator.diagnose.reasons import Reason

_GOES_ON = "Nothing to do: the next attempt goes on from the newest checkpoint."

_REFUSED: Mapping[Reason, Advice] = {
    Reason.BAD_CONFIGURATION: Advice(
        group=Group.REFUSED,
        meaning="Exit code 2: the manifest or the model cannot work.",
        remedy="Correct the field that the message or the pod's log names.",
    ),
    Reason.BAD_DATA: Advice(
        group=Group.REFUSED,
        meaning="Exit code 3: the pairs cannot be trained on.",
        remedy="Correct the rows that the message or the pod's log names.",
    ),
    Reason.STORAGE_REFUSED: Advice(
        group=Group.REFUSED,
        meaning="Exit code 4: an object or bucket is missing, or the credentials are refused.",
        remedy="Correct the location, or spec.storage and its Secret.",
    ),
    Reason.DIVERGED: Advice(
        group=Group.REFUSED,
        meaning="Exit code 6: a loss or gradient is not finite, or a guard of "
        "spec.training.stopWhen stopped the run.",
        remedy="Lower spec.training.learningRate, or correct the pairs.",
    ),
}

_PREEMPTED: Mapping[Reason, Advice] = {
    Reason.STOPPED_EARLY: Advice(
        group=Group.PREEMPTED,
        meaning="Exit code 75: the trainer was told to stop and saved its state.",
        remedy=_GOES_ON,
    ),
    Reason.EVICTION_BY_API: Advice(
        group=Group.PREEMPTED,
        meaning="The pod was evicted through the API, as kubectl drain does.",
        remedy=_GOES_ON,
    ),
    Reason.PREEMPTION_BY_SCHEDULER: Advice(
        group=Group.PREEMPTED,
        meaning="A pod of higher priority took the node.",
        remedy=f"{_GOES_ON} A higher spec.resources.priorityClassName keeps its node.",
    ),
    Reason.DELETION_BY_TAINT_MANAGER: Advice(
        group=Group.PREEMPTED,
        meaning="The node got a NoExecute taint, for instance because it is not reachable.",
        remedy=f"{_GOES_ON} Pods that tolerate the taint in spec.resources.tolerations stay.",
    ),
    Reason.DELETION_BY_POD_GC: Advice(
        group=Group.PREEMPTED,
        meaning="The pod's node does not exist any more.",
        remedy=_GOES_ON,
    ),
    Reason.TERMINATION_BY_KUBELET: Advice(
        group=Group.PREEMPTED,
        meaning="The node shuts down, or made room for a pod that it cannot do without.",
        remedy=_GOES_ON,
    ),
    Reason.DISRUPTED: Advice(
        group=Group.PREEMPTED,
        meaning="The cluster ended the pod (condition DisruptionTarget) for another reason.",
        remedy=_GOES_ON,
    ),
}

_EVICTIONS = (
    Cause(
        pattern=r"low on resource: memory",
        example="The node was low on resource: memory",
        remedy="Set spec.resources.memory to what the training needs.",
    ),
    Cause(
        pattern=r'EmptyDir volume "shm"',
        example='Usage of EmptyDir volume "shm" exceeds the limit',
        remedy="Raise spec.resources.sharedMemory.",
    ),
    Cause(
        pattern=r"low on resource: (ephemeral-storage|inodes)",
        example="The node was low on resource: ephemeral-storage",
        remedy="Choose nodes with more local disk by spec.resources.nodeSelector.",
    ),
    Cause(
        pattern=r"ephemeral local storage|local ephemeral storage",
        example="Pod ephemeral local storage usage exceeds the total limit of containers",
        remedy="Have the ephemeral-storage limit of the namespace's LimitRange raised.",
    ),
)

_FAILED: Mapping[Reason, Advice] = {
    Reason.STORAGE_UNAVAILABLE: Advice(
        group=Group.FAILED,
        meaning="Exit code 5: the storage did not answer, or the local disk is full.",
        remedy="Check spec.storage.endpoint and the way from the pods to it.",
    ),
    Reason.OUT_OF_MEMORY: Advice(
        group=Group.FAILED,
        meaning="The container needed more memory than its limit or its node has.",
        remedy="Raise spec.resources.memory, or lower spec.training.microBatchSize or "
        "spec.dataset.maxLength.",
        causes=(
            Cause(
                pattern=r"in pod \S+-check-0-\w+",
                example="the trainer in pod tone-0a1b2c3d4e-check-0-4tq7z",
                remedy="Raise the operator's PREFERENCE_OPERATOR_CHECK_MEMORY.",
            ),
        ),
    ),
    Reason.EVICTED: Advice(
        group=Group.FAILED,
        meaning="The kubelet evicted the pod. It counts where the pod broke a limit of its own, "
        "and not where the node was short.",
        remedy="Give the pod what it needs in spec.resources, or choose other nodes.",
        causes=_EVICTIONS,
    ),
    Reason.NODE_LOST: Advice(
        group=Group.FAILED,
        meaning="The node stopped answering while it ran the pod.",
        remedy="See kubectl describe node; the next attempt takes another node.",
    ),
    Reason.REFUSED_BY_NODE: Advice(
        group=Group.FAILED,
        meaning="The node did not take the pod that the scheduler gave it, for instance because "
        "a device is unhealthy (OutOf…, UnexpectedAdmissionError, NodeAffinity, NodeShutdown).",
        remedy="See kubectl describe node; cordon it where its devices are broken.",
    ),
    Reason.KILLED: Advice(
        group=Group.FAILED,
        meaning="Exit code 137: SIGKILL, mostly because saving took longer than the grace period.",
        remedy="Raise the operator's PREFERENCE_OPERATOR_STOP_SECONDS where saving takes longer, "
        "or spec.resources.memory where the node ran out of it.",
    ),
    Reason.TERMINATED: Advice(
        group=Group.FAILED,
        meaning="Exit code 143: SIGTERM ended the trainer before it could save.",
        remedy="Check that the entry point of spec.image is the trainer itself, not a shell.",
    ),
    Reason.SEGMENTATION_FAULT: Advice(
        group=Group.FAILED,
        meaning="Exit code 139: native code broke, mostly because image and driver do not fit.",
        remedy="Take an image whose CUDA fits the node's driver; see the pod's log.",
    ),
    Reason.ENDED_BY_SIGNAL: Advice(
        group=Group.FAILED,
        meaning="Another exit code above 128: a signal ended the trainer.",
        remedy="See the pod's log.",
    ),
    Reason.CANNOT_START: Advice(
        group=Group.FAILED,
        meaning="Exit code 126, 127 or 128: the container's program is missing or does not start.",
        remedy="Build spec.image from the trainer image, with its entry point.",
    ),
    Reason.CONTAINER_LOST: Advice(
        group=Group.FAILED,
        meaning="The node restarted or lost the container, so nobody knows how it ended.",
        remedy="See kubectl describe node; the next attempt goes on from the newest checkpoint.",
    ),
    Reason.UNEXPECTED_EXIT: Advice(
        group=Group.FAILED,
        meaning="The trainer ended with another exit code and said nothing.",
        remedy="See the pod's log.",
    ),
    Reason.POD_FAILED: Advice(
        group=Group.FAILED,
        meaning="The pod failed, and neither its container nor its node says why.",
        remedy="See kubectl describe pod.",
    ),
}

_OVER: Mapping[Reason, Advice] = {
    Reason.BACKOFF_LIMIT_EXCEEDED: Advice(
        group=Group.OVER,
        meaning="More attempts failed than spec.restarts.failures allows; the message tells of "
        "the last one, and the way out is that one's.",
        remedy="See the log of the last pod, or raise spec.restarts.failures.",
    ),
    Reason.DEADLINE_EXCEEDED: Advice(
        group=Group.OVER,
        meaning="The run was active longer than spec.activeDeadlineSeconds.",
        remedy="Raise spec.activeDeadlineSeconds.",
    ),
    Reason.JOB_FAILED: Advice(
        group=Group.OVER,
        meaning="The Job failed for a reason that the operator does not know, in its own words.",
        remedy="See kubectl describe job.",
    ),
}

ADVICE: Mapping[Reason, Advice] = {**_REFUSED, **_PREEMPTED, **_FAILED, **_OVER}
