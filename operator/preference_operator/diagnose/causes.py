"""Why an attempt did not do its work."""

import signal
from collections.abc import Mapping
from typing import Any

from preference_api.wire import ExitCode, TerminationMessage
from preference_operator.diagnose import raw
from preference_operator.diagnose.reasons import (
    MOST_IN_MESSAGE,
    MOST_IN_REMEDY,
    Diagnosis,
    Reason,
    is_word,
    shortened,
)
from preference_operator.diagnose.remedies import diagnose
from preference_operator.diagnose.verdicts import Verdict, exit_code, verdict
from preference_operator.trainer_pod import CONTAINER

EXITS: Mapping[int, Reason] = {
    ExitCode.BAD_CONFIGURATION: Reason.BAD_CONFIGURATION,
    ExitCode.BAD_DATA: Reason.BAD_DATA,
    ExitCode.STORAGE_REFUSED: Reason.STORAGE_REFUSED,
    ExitCode.STORAGE_UNAVAILABLE: Reason.STORAGE_UNAVAILABLE,
    ExitCode.DIVERGED: Reason.DIVERGED,
    ExitCode.STOPPED_EARLY: Reason.STOPPED_EARLY,
}
"""What an exit code means where the trainer says no more."""

# Why Kubernetes says that it took a pod off its node, in condition DisruptionTarget.
_DISRUPTIONS = (
    Reason.EVICTION_BY_API,
    Reason.PREEMPTION_BY_SCHEDULER,
    Reason.DELETION_BY_TAINT_MANAGER,
    Reason.DELETION_BY_POD_GC,
    Reason.TERMINATION_BY_KUBELET,
)
_POD_REASONS = (Reason.EVICTED, Reason.NODE_LOST, Reason.DEADLINE_EXCEEDED)
_CONTAINER_REASONS: Mapping[str, Reason] = {
    "OOMKilled": Reason.OUT_OF_MEMORY,
    "StartError": Reason.CANNOT_START,
    "ContainerCannotRun": Reason.CANNOT_START,
    "ContainerStatusUnknown": Reason.CONTAINER_LOST,
    "Unknown": Reason.CONTAINER_LOST,
}
_SHELL_CODES = (126, 127, 128)
_SIGNALS: Mapping[int, Reason] = {
    signal.SIGKILL: Reason.KILLED,
    signal.SIGTERM: Reason.TERMINATED,
    signal.SIGSEGV: Reason.SEGMENTATION_FAULT,
}
_SIGNAL_BASE = 128


def cause(pod: Any, said: TerminationMessage | None) -> Diagnosis:
    """Why a pod ended without having done its work; the most telling of what is known.

    What the Job controller goes by comes first, so that verdict and diagnosis agree.
    """
    if verdict(pod) is Verdict.REFUSED:
        return _exit(pod, said)
    found = _from_pod(pod) or _from_disruption(pod, said)
    if found is None and exit_code(pod) in EXITS:
        return _exit(pod, said)
    found = found or _from_container(pod)
    if found is None and exit_code(pod):
        return _exit(pod, said)
    return found or _from_node(pod)


def _from_pod(pod: Any) -> Diagnosis | None:
    """What the pod's own status gives as its reason."""
    reason = raw.text(pod, "status", "reason")
    if reason not in _POD_REASONS:
        return None
    words = raw.text(pod, "status", "message")
    return diagnose(Reason(reason), f"pod {raw.name_of(pod)} was ended: {words or reason}")


def _from_disruption(pod: Any, said: TerminationMessage | None) -> Diagnosis | None:
    disruption = raw.condition(pod, "DisruptionTarget", status="True")
    if not disruption:
        return None
    reason, words = raw.text(disruption, "reason"), raw.text(disruption, "message")
    known = Reason(reason) if reason in _DISRUPTIONS else Reason.DISRUPTED
    message = f"pod {raw.name_of(pod)} had to leave its node: {words or reason}"
    return diagnose(known, f"{message}; {said.message}" if said and said.message else message)


def _from_container(pod: Any) -> Diagnosis | None:
    """What the kubelet and the container runtime say about the container."""
    terminated = raw.container_state(pod, "terminated")
    reason = _CONTAINER_REASONS.get(raw.text(terminated, "reason"))
    if reason is None:
        return None
    if reason is Reason.OUT_OF_MEMORY:
        return diagnose(reason, _out_of_memory(pod))
    words = raw.text(terminated, "message") or f"exit code {exit_code(pod)}"
    start = "did not start" if reason is Reason.CANNOT_START else "was lost"
    return diagnose(reason, f"the trainer in pod {raw.name_of(pod)} {start}: {words}")


def _out_of_memory(pod: Any) -> str:
    name, limits = raw.name_of(pod), []
    for container in raw.entries(pod, "spec", "containers"):
        if raw.text(container, "name") == CONTAINER:
            limits.append(raw.text(container, "resources", "limits", "memory"))
    if any(limits):
        return f"the trainer in pod {name} needed more than its memory limit of {limits[0]}"
    return f"the trainer in pod {name}, which has no memory limit, needed more than the node has"


def _exit(pod: Any, said: TerminationMessage | None) -> Diagnosis:
    """What the trainer said itself, else what its exit code means."""
    code, name = exit_code(pod) or 0, raw.name_of(pod)
    by_code = _by_code(code, name)
    if said is None or said.exit_code != code:
        return by_code
    return Diagnosis(
        reason=said.reason if is_word(said.reason) else by_code.reason,
        message=shortened(said.message, MOST_IN_MESSAGE) or by_code.message,
        remedy=shortened(said.remedy, MOST_IN_REMEDY) or by_code.remedy,
    )


def _by_code(code: int, pod: str) -> Diagnosis:
    ended = f"the trainer in pod {pod} ended with exit code {code}"
    if code in _SHELL_CODES:
        return diagnose(Reason.CANNOT_START, ended)
    try:
        sent = signal.Signals(code - _SIGNAL_BASE)
    except ValueError:
        return diagnose(EXITS.get(code, Reason.UNEXPECTED_EXIT), ended)
    return diagnose(_SIGNALS.get(sent, Reason.ENDED_BY_SIGNAL), f"{ended} ({sent.name})")


def _from_node(pod: Any) -> Diagnosis:
    """Why a pod failed whose trainer never ran, or ended well."""
    name, node = raw.name_of(pod), raw.text(pod, "spec", "nodeName")
    reason, words = raw.text(pod, "status", "reason"), raw.text(pod, "status", "message")
    told = ": ".join(filter(None, (reason, words)))
    if reason and exit_code(pod) is None:
        return diagnose(Reason.REFUSED_BY_NODE, f"node {node} did not take pod {name}: {told}")
    return diagnose(Reason.POD_FAILED, f"pod {name} failed: {told or 'nothing says why'}")
