"""Reading of raw Kubernetes objects, of which any part may be missing or of an unexpected type."""

from collections.abc import Mapping
from typing import Any

from preference_operator.trainer_pod import CONTAINER

NOTHING: Mapping[str, Any] = {}


def at(body: Any, *path: str) -> Any:
    """The value at a path; None where there is none."""
    for name in path:
        if not isinstance(body, Mapping):
            return None
        body = body.get(name)
    return body


def text(body: Any, *path: str) -> str:
    """The text at a path; empty where there is none."""
    found = at(body, *path)
    return found if isinstance(found, str) else ""


def number(body: Any, *path: str) -> int | None:
    """The whole number at a path."""
    found = at(body, *path)
    return found if isinstance(found, int) else None


def entries(body: Any, *path: str) -> list[Any]:
    """The list at a path; empty where there is none."""
    found = at(body, *path)
    return found if isinstance(found, list) else []


def condition(body: Any, kind: str, *, status: str) -> Mapping[str, Any]:
    """The condition of that type and status; nothing in it where there is none."""
    wanted = (kind, status)
    found = entries(body, "status", "conditions")
    return next(
        (one for one in found if (text(one, "type"), text(one, "status")) == wanted), NOTHING
    )


def container_state(pod: Any, kind: str) -> Mapping[str, Any]:
    """What is said about the trainer's container, where it is in that state."""
    for status in entries(pod, "status", "containerStatuses"):
        state = at(status, "state", kind)
        if text(status, "name") == CONTAINER and isinstance(state, Mapping):
            return state
    return NOTHING


def name_of(body: Any) -> str:
    """The name of an object; empty where it has none."""
    return text(body, "metadata", "name")
