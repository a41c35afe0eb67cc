"""Advice for Jobs whose pod is not made or does not start."""

from collections.abc import Mapping

from preference_operator.diagnose.advice import Advice, Cause, Group
from preference_operator.diagnose.reasons import Reason

_NOT_CREATED: Mapping[Reason, Advice] = {
    Reason.POD_SECURITY_VIOLATION: Advice(
        group=Group.NOT_CREATED,
        meaning="The namespace enforces a Pod Security level that the pod does not keep.",
        remedy="Training pods keep the level restricted: look for a webhook that changes them "
        "before they are admitted.",
    ),
    Reason.QUOTA_EXCEEDED: Advice(
        group=Group.NOT_CREATED,
        meaning="A ResourceQuota of the namespace leaves no room, or asks for a limit.",
        remedy="Wait until others free their share, lower spec.resources, or have the "
        "ResourceQuota raised.",
        causes=(
            Cause(
                pattern=r"must specify",
                example="must specify limits.cpu",
                remedy="Set what is missing in spec.resources, or give the namespace a "
                "LimitRange with defaults.",
            ),
        ),
    ),
    Reason.LIMIT_RANGE_VIOLATION: Advice(
        group=Group.NOT_CREATED,
        meaning="The pod asks for more or less than a LimitRange of the namespace allows.",
        remedy="Bring spec.resources within the LimitRange, or have it changed.",
    ),
    Reason.SERVICE_ACCOUNT_NOT_FOUND: Advice(
        group=Group.NOT_CREATED,
        meaning="The pod's service account does not exist in the namespace.",
        remedy="Create the service account in this namespace, or correct "
        "spec.resources.serviceAccountName; where the spec names none, the account is the "
        "operator's PREFERENCE_OPERATOR_TRAINER_ACCOUNT.",
    ),
    Reason.PRIORITY_CLASS_NOT_FOUND: Advice(
        group=Group.NOT_CREATED,
        meaning="The cluster has no such PriorityClass.",
        remedy="Create the PriorityClass, or correct spec.resources.priorityClassName.",
    ),
    Reason.ADMISSION_DENIED: Advice(
        group=Group.NOT_CREATED,
        meaning="An admission webhook or policy of the cluster does not allow the pod.",
        remedy="Change what the policy names, or ask its owner for an exception.",
    ),
    Reason.WEBHOOK_UNAVAILABLE: Advice(
        group=Group.NOT_CREATED,
        meaning="An admission webhook that has to be asked about pods does not answer.",
        remedy="Bring the webhook's service back; the pod is then made by itself.",
    ),
    Reason.NAMESPACE_TERMINATING: Advice(
        group=Group.NOT_CREATED,
        meaning="The namespace is being deleted.",
        remedy="Apply the PreferenceJob in another namespace.",
    ),
    Reason.INVALID_POD: Advice(
        group=Group.NOT_CREATED,
        meaning="The API server finds a field of the pod invalid.",
        remedy="Correct the field of spec.resources that the value comes from.",
    ),
    Reason.POD_NOT_CREATED: Advice(
        group=Group.NOT_CREATED,
        meaning="The API server does not take the pod for another reason, in its own words.",
        remedy="See kubectl describe job, and remove what the message names.",
    ),
}

_SCHEDULING = (
    Cause(
        pattern=r"Insufficient \S+/\S",
        example="Insufficient nvidia.com/gpu",
        remedy="Wait for a free device, lower spec.resources.gpus, or correct "
        "spec.resources.gpuResource.",
    ),
    Cause(
        pattern=r"Insufficient [\w-]+(?![\w/-]|\.\w)",
        example="Insufficient memory",
        remedy="Wait for room or lower spec.resources; for a check, the operator's "
        "PREFERENCE_OPERATOR_CHECK_CPU or _MEMORY.",
    ),
    Cause(
        pattern=r"untolerated taint",
        example="node(s) had untolerated taint(s)",
        remedy="Add the node's taint to spec.resources.tolerations.",
    ),
    Cause(
        pattern=r"Pod's node affinity",
        example="node(s) didn't match Pod's node affinity/selector",
        remedy="Correct spec.resources.nodeSelector, or label a node.",
    ),
    Cause(
        pattern=r"(?i)persistentvolume|volume node affinity",
        example='persistentvolumeclaim "models" not found',
        remedy="Create or bind the claim that a pvc:// location names, in this namespace.",
    ),
    Cause(
        pattern=r"were unschedulable",
        example="node(s) were unschedulable",
        remedy="Wait for the cordoned nodes, or uncordon one.",
    ),
)

_IMAGE = (
    Cause(
        pattern=r"(?i)unauthorized|authorization|denied|forbidden",
        example="401 Unauthorized",
        remedy="Add imagePullSecrets for the registry to the service account that "
        "spec.resources.serviceAccountName names, then set spec.suspend to true and back: a pod "
        "takes them over when it is made.",
    ),
    Cause(
        pattern=r"(?i)not found|not exist|manifest unknown",
        example="manifest unknown",
        remedy="Correct spec.image: the registry has no such image or tag.",
    ),
    Cause(
        pattern=r"(?i)no such host|timeout|connection refused|certificate",
        example="no such host",
        remedy="Correct the registry in spec.image, or open the nodes' way to it.",
    ),
    Cause(
        pattern=r"(?i)no match for platform",
        example="no match for platform in manifest",
        remedy="Build the image for the node's architecture, or choose nodes by "
        "spec.resources.nodeSelector.",
    ),
)

_WAITING: Mapping[Reason, Advice] = {
    Reason.UNSCHEDULABLE: Advice(
        group=Group.WAITING,
        meaning="No node can take the pod; the message is the scheduler's.",
        remedy="Add a node that fits, or wait for one.",
        causes=_SCHEDULING,
    ),
    Reason.SCHEDULING_GATED: Advice(
        group=Group.WAITING,
        meaning="The scheduler does not look at the pod until its gates are lifted.",
        remedy="Whoever set the gate lifts it; under Kueue see kubectl describe workload.",
    ),
    Reason.IMAGE_PULL_BACK_OFF: Advice(
        group=Group.WAITING,
        meaning="The node cannot pull the image, and tries again (also ErrImagePull).",
        remedy="Check spec.image (the operator's trainer image where absent), its registry, and "
        "imagePullSecrets of the service account.",
        causes=_IMAGE,
    ),
    Reason.INVALID_IMAGE_NAME: Advice(
        group=Group.WAITING,
        meaning="The image's name cannot be read.",
        remedy="Correct spec.image: registry/name:tag or registry/name@sha256:…, in lower case.",
    ),
    Reason.IMAGE_NEVER_PULLED: Advice(
        group=Group.WAITING,
        meaning="The image is not on the node, and the operator has images never pulled.",
        remedy="Load the image onto the nodes, or set the operator's "
        "PREFERENCE_OPERATOR_IMAGE_PULL_POLICY to IfNotPresent.",
    ),
    Reason.SECRET_NOT_FOUND: Advice(
        group=Group.WAITING,
        meaning="A Secret, or a key in it, does not exist in the namespace.",
        remedy="Create the Secret that spec.storage.credentialsSecret names in this namespace, or "
        "correct the name; the pod then starts by itself.",
    ),
    Reason.CONTAINER_CONFIG_ERROR: Advice(
        group=Group.WAITING,
        meaning="The kubelet cannot put the container's configuration together.",
        remedy="Remove what the message names; see kubectl describe pod.",
    ),
    Reason.CONTAINER_ERROR: Advice(
        group=Group.WAITING,
        meaning="The node's container runtime cannot make or start the container.",
        remedy="Check the entry point of spec.image and the container runtime of the node.",
    ),
}

ADVICE: Mapping[Reason, Advice] = {**_NOT_CREATED, **_WAITING}
