"""One object for every way to wait or to end, with the reason that the operator gives for it."""

from pod_states import Body, disrupted, exited, pod, said, stuck, unscheduled
from preference_operator.diagnose import Reason, Verdict

_FORBIDDEN = 'pods "tone-1a2b3c-train-0-x7k2p" is forbidden: '

COMPLAINTS: dict[str, tuple[Reason, str]] = {
    "webhook denies": (
        Reason.ADMISSION_DENIED,
        'admission webhook "policy.example" denied the request: violates PodSecurity of ours',
    ),
    "webhook silent": (
        Reason.WEBHOOK_UNAVAILABLE,
        'Internal error occurred: failed calling webhook "policy.example": no endpoints available',
    ),
    "pod security": (
        Reason.POD_SECURITY_VIOLATION,
        f'{_FORBIDDEN}violates PodSecurity "restricted"',
    ),
    "quota": (Reason.QUOTA_EXCEEDED, f"{_FORBIDDEN}exceeded quota: small, requested: pods=1"),
    "limit range": (
        Reason.LIMIT_RANGE_VIOLATION,
        f"{_FORBIDDEN}maximum memory usage per Container is 1Gi, but limit is 2Gi",
    ),
    "service account": (
        Reason.SERVICE_ACCOUNT_NOT_FOUND,
        f'{_FORBIDDEN}error looking up service account team/bot: serviceaccount "bot" not found',
    ),
    "priority class": (
        Reason.PRIORITY_CLASS_NOT_FOUND,
        f"{_FORBIDDEN}no PriorityClass with name high was found",
    ),
    "namespace": (
        Reason.NAMESPACE_TERMINATING,
        f"{_FORBIDDEN}unable to create new content in namespace x because it is being terminated",
    ),
    "invalid": (
        Reason.INVALID_POD,
        'Pod "tone-1a2b3c-train-0-x7k2p" is invalid: spec.volumes[0].name: Required value',
    ),
    "unknown": (Reason.POD_NOT_CREATED, "the server is tired"),
}

WAITING: dict[str, tuple[Reason, Body]] = {
    "scheduler": (Reason.UNSCHEDULABLE, unscheduled("0/3 nodes are available: 3 Too many pods.")),
    "gate": (Reason.SCHEDULING_GATED, unscheduled("blocked", reason="SchedulingGated")),
    "pull": (Reason.IMAGE_PULL_BACK_OFF, stuck("ErrImagePull", "not found")),
    "back-off": (Reason.IMAGE_PULL_BACK_OFF, stuck("ImagePullBackOff", "Back-off")),
    "image name": (Reason.INVALID_IMAGE_NAME, stuck("InvalidImageName", "could not parse")),
    "never pull": (Reason.IMAGE_NEVER_PULLED, stuck("ErrImageNeverPull", "is not present")),
    "secret": (
        Reason.SECRET_NOT_FOUND,
        stuck("CreateContainerConfigError", 'secret "bucket" not found'),
    ),
    "key": (
        Reason.SECRET_NOT_FOUND,
        stuck("CreateContainerConfigError", "couldn't find key token in Secret team/bucket"),
    ),
    "config": (
        Reason.CONTAINER_CONFIG_ERROR,
        stuck(
            "CreateContainerConfigError", "container has runAsNonRoot and image will run as root"
        ),
    ),
    "container": (Reason.CONTAINER_ERROR, stuck("CreateContainerError", "failed to reserve name")),
    "run": (Reason.CONTAINER_ERROR, stuck("RunContainerError", "failed to create shim")),
}

_SHM = 'Usage of EmptyDir volume "shm" exceeds the limit "8Gi". '
_LOW = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 90Mi. "
_LOST = "The container could not be located when the pod was terminated"

ENDED: dict[str, tuple[Verdict, Reason | None, Body]] = {
    "done": (Verdict.DONE, None, exited(0, "Completed")),
    "done while it drains": (Verdict.DONE, None, exited(0, **disrupted("EvictionByEvictionAPI"))),
    "done a moment ago": (Verdict.DONE, None, exited(0, phase="Running")),
    "configuration": (Verdict.REFUSED, Reason.BAD_CONFIGURATION, exited(2)),
    "data": (Verdict.REFUSED, Reason.BAD_DATA, exited(3)),
    "storage refuses": (Verdict.REFUSED, Reason.STORAGE_REFUSED, exited(4)),
    "diverged": (Verdict.REFUSED, Reason.DIVERGED, exited(6)),
    "refused on a full node": (Verdict.REFUSED, Reason.BAD_DATA, exited(3, "OOMKilled")),
    "refused while evicted": (
        Verdict.REFUSED,
        Reason.BAD_DATA,
        exited(3, reason="Evicted", message=_SHM),
    ),
    "stopped on a full node": (Verdict.PREEMPTED, Reason.STOPPED_EARLY, exited(75, "OOMKilled")),
    "stopped": (Verdict.PREEMPTED, Reason.STOPPED_EARLY, exited(75)),
    "drained": (
        Verdict.PREEMPTED,
        Reason.EVICTION_BY_API,
        exited(75, **disrupted("EvictionByEvictionAPI", "Eviction API: evicting")),
    ),
    "drained while it refused": (
        Verdict.PREEMPTED,
        Reason.EVICTION_BY_API,
        exited(2, **disrupted("EvictionByEvictionAPI")),
    ),
    "preempted, not saved": (
        Verdict.PREEMPTED,
        Reason.PREEMPTION_BY_SCHEDULER,
        exited(137, **disrupted("PreemptionByScheduler")),
    ),
    "tainted": (
        Verdict.PREEMPTED,
        Reason.DELETION_BY_TAINT_MANAGER,
        exited(143, **disrupted("DeletionByTaintManager")),
    ),
    "node gone": (
        Verdict.PREEMPTED,
        Reason.DELETION_BY_POD_GC,
        pod("Failed", **disrupted("DeletionByPodGC", "PodGC: node no longer exists")),
    ),
    "node shuts down": (
        Verdict.PREEMPTED,
        Reason.TERMINATION_BY_KUBELET,
        exited(0, phase="Failed", **disrupted("TerminationByKubelet")),
    ),
    "another disruption": (Verdict.PREEMPTED, Reason.DISRUPTED, exited(1, **disrupted("Whim"))),
    "node short of memory": (
        Verdict.PREEMPTED,
        Reason.EVICTED,
        exited(137, reason="Evicted", message=_LOW, **disrupted("TerminationByKubelet")),
    ),
    "own limit broken": (
        Verdict.FAILED,
        Reason.EVICTED,
        exited(137, reason="Evicted", message=_SHM),
    ),
    "storage silent": (Verdict.FAILED, Reason.STORAGE_UNAVAILABLE, exited(5)),
    "out of memory": (Verdict.FAILED, Reason.OUT_OF_MEMORY, exited(137, "OOMKilled")),
    "node lost": (Verdict.FAILED, Reason.NODE_LOST, pod("Failed", reason="NodeLost")),
    "pod deadline": (
        Verdict.FAILED,
        Reason.DEADLINE_EXCEEDED,
        exited(137, reason="DeadlineExceeded"),
    ),
    "device broken": (
        Verdict.FAILED,
        Reason.REFUSED_BY_NODE,
        pod("Failed", reason="UnexpectedAdmissionError", message="Allocate failed"),
    ),
    "killed": (Verdict.FAILED, Reason.KILLED, exited(137)),
    "terminated": (Verdict.FAILED, Reason.TERMINATED, exited(143)),
    "segmentation fault": (Verdict.FAILED, Reason.SEGMENTATION_FAULT, exited(139)),
    "aborted": (Verdict.FAILED, Reason.ENDED_BY_SIGNAL, exited(134)),
    "not executable": (Verdict.FAILED, Reason.CANNOT_START, exited(126)),
    "no program": (Verdict.FAILED, Reason.CANNOT_START, exited(127)),
    "start error": (
        Verdict.FAILED,
        Reason.CANNOT_START,
        exited(128, "StartError", 'exec: "preference-trainer": not found in $PATH'),
    ),
    "container lost": (
        Verdict.FAILED,
        Reason.CONTAINER_LOST,
        exited(137, "ContainerStatusUnknown", _LOST),
    ),
    "node restarted": (Verdict.FAILED, Reason.CONTAINER_LOST, exited(255, "Unknown")),
    "unknown exit": (Verdict.FAILED, Reason.UNEXPECTED_EXIT, exited(1)),
    "exit beyond signals": (Verdict.FAILED, Reason.UNEXPECTED_EXIT, exited(255)),
    "garbage as last words": (Verdict.FAILED, Reason.UNEXPECTED_EXIT, exited(1, words="{oh")),
    "contradicting words": (Verdict.FAILED, Reason.KILLED, exited(137, words=said(75))),
    "no reason": (Verdict.FAILED, Reason.POD_FAILED, pod("Failed")),
    "failed after a good end, for a reason": (
        Verdict.FAILED,
        Reason.POD_FAILED,
        exited(0, phase="Failed", reason="Whim"),
    ),
    "failed after a good end": (Verdict.FAILED, Reason.POD_FAILED, exited(0, phase="Failed")),
}
