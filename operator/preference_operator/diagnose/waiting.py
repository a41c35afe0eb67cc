"""Why a pod does not run yet, from its status."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from preference_operator.diagnose import raw
from preference_operator.diagnose.reasons import Diagnosis, Reason
from preference_operator.diagnose.remedies import diagnose

# The kubelet's two words for it alternate with every try, and a condition must not.
_WAITING: Mapping[str, Reason] = {
    "ErrImagePull": Reason.IMAGE_PULL_BACK_OFF,
    "ImagePullBackOff": Reason.IMAGE_PULL_BACK_OFF,
    "ImageInspectError": Reason.IMAGE_PULL_BACK_OFF,
    "RegistryUnavailable": Reason.IMAGE_PULL_BACK_OFF,
    "SignatureValidationFailed": Reason.IMAGE_PULL_BACK_OFF,
    "InvalidImageName": Reason.INVALID_IMAGE_NAME,
    "ErrImageNeverPull": Reason.IMAGE_NEVER_PULLED,
    "CreateContainerConfigError": Reason.CONTAINER_CONFIG_ERROR,
    "CreateContainerError": Reason.CONTAINER_ERROR,
    "RunContainerError": Reason.CONTAINER_ERROR,
}
_IMAGE = (Reason.IMAGE_PULL_BACK_OFF, Reason.INVALID_IMAGE_NAME, Reason.IMAGE_NEVER_PULLED)
_SECRET = re.compile(r'secret "[^"]*" not found|find key \S+ in Secret')

# What preempting others could not do either says nothing new.
_PREEMPTION = re.compile(
    r"\.? (no new claims to deallocate, )?(preemption: .*|not found)$", re.DOTALL
)
_RETRY = re.compile(r'^Back-off pulling image "[^"]*": ([A-Za-z]+: )?')
_CALL = re.compile(r"rpc error: code = \w+ desc = ")


def waiting(pod: Any) -> Diagnosis | None:
    """Why a pod does not run yet; None where it does, or where nothing keeps it."""
    if raw.text(pod, "status", "phase") in ("Succeeded", "Failed"):
        return None
    if raw.container_state(pod, "running") or raw.container_state(pod, "terminated"):
        return None
    return _not_scheduled(pod) or next(_stuck(pod), None)


def _not_scheduled(pod: Any) -> Diagnosis | None:
    scheduled = raw.condition(pod, "PodScheduled", status="False")
    name, words = raw.name_of(pod), raw.text(scheduled, "message")
    if raw.text(scheduled, "reason") == "SchedulingGated":
        gates = (raw.text(gate, "name") for gate in raw.entries(pod, "spec", "schedulingGates"))
        message = f"pod {name} is held back by scheduling gates: {', '.join(gates)}"
        return diagnose(Reason.SCHEDULING_GATED, message)
    if not words:
        return None
    message = f"no node fits pod {name}: {_PREEMPTION.sub('', words)}"
    return diagnose(Reason.UNSCHEDULABLE, message)


def _stuck(pod: Any) -> Iterator[Diagnosis]:
    """A diagnosis for every container that cannot start; others may hold up the trainer's."""
    for kind in ("initContainerStatuses", "containerStatuses"):
        for status in raw.entries(pod, "status", kind):
            reason = _WAITING.get(raw.text(status, "state", "waiting", "reason"))
            if reason is not None:
                yield _container(raw.name_of(pod), status, reason)


def _container(pod: str, status: Any, reason: Reason) -> Diagnosis:
    words = raw.text(status, "state", "waiting", "message")
    if reason is Reason.CONTAINER_CONFIG_ERROR and _SECRET.search(words):
        reason = Reason.SECRET_NOT_FOUND
    place = f"container {raw.text(status, 'name')} of pod {pod}"
    if reason in _IMAGE:
        place += f" waits for image {raw.text(status, 'image')}"
    return diagnose(reason, f"{place}: {_CALL.sub('', _RETRY.sub('', words))}")
