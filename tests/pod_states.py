"""Pods and events as the Kubernetes API shows them, in the states that stop a training."""

from typing import Any

from preference_api.wire import TerminationMessage

Body = dict[str, Any]

NAME = "tone-1a2b3c-train-0-x7k2p"
IMAGE = "registry.example/trainer:1"
FINISHED = "2026-01-31T10:00:00Z"


def pod(phase: str = "Pending", *, memory: str | None = "16Gi", **status: Any) -> Body:
    """A pod of a training; the status as keywords."""
    limits = {"memory": memory} if memory else {}
    container = {"name": "trainer", "image": IMAGE, "resources": {"limits": limits}}
    return {
        "metadata": {"name": NAME, "namespace": "team"},
        "spec": {"nodeName": "node-7", "containers": [container]},
        "status": {"phase": phase, **status},
    }


def unscheduled(message: str, *, reason: str = "Unschedulable") -> Body:
    """A pod without a node."""
    scheduled = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    body = pod(conditions=[scheduled])
    body["spec"]["schedulingGates"] = [{"name": "kueue.x-k8s.io/topology"}]
    return body


def stuck(reason: str, message: str = "", *, kind: str = "containerStatuses") -> Body:
    """A pod one of whose containers waits."""
    return pod(**{kind: [container("waiting", reason=reason, message=message)]})


def container(state: str, *, name: str = "trainer", **about: Any) -> Body:
    """The status of a container."""
    return {"name": name, "image": IMAGE, "state": {state: about}}


def exited(code: int, why: str = "Error", words: str = "", **status: Any) -> Body:
    """A pod whose trainer ended: its exit code, the container's reason and message."""
    about = {"exitCode": code, "reason": why, "message": words, "finishedAt": FINISHED}
    status.setdefault("phase", "Failed" if code else "Succeeded")
    return pod(containerStatuses=[container("terminated", **about)], **status)


def said(code: int, **fields: Any) -> str:
    """A termination message of the trainer."""
    message = TerminationMessage(exit_code=code, **{"reason": "Word", **fields})
    return message.model_dump_json(by_alias=True, exclude_none=True)


def disrupted(reason: str, message: str = "") -> Body:
    """Conditions of a pod that the cluster takes off its node, as part of a status."""
    about = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
    return {"conditions": [about]}


def failed_create(note: str, *, time: str = FINISHED, **fields: Any) -> Body:
    """An Event of the Job controller that could not make a pod."""
    return {
        "type": "Warning",
        "reason": "FailedCreate",
        "note": f"Error creating: {note}",
        "regarding": {"kind": "Job", "name": "tone-1a2b3c-train"},
        "deprecatedLastTimestamp": time,
        "eventTime": None,
        **fields,
    }


def failed_job(reason: str, message: str = "", *, kind: str = "Failed", failed: Any = 1) -> Body:
    """A Job that its controller gave up."""
    about = {"type": kind, "status": "True", "reason": reason, "message": message}
    return {
        "metadata": {"name": "tone-1a2b3c-train"},
        "status": {"failed": failed, "conditions": [about]},
    }
