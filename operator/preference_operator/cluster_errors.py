"""How a call to the API server fails, and what that means for whoever made it.

The HTTP codes and reasons are those of meta/v1 Status (Kubernetes API conventions, "Error codes").
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

_MOST_CHARACTERS = 500


class ClusterError(Exception):
    """A call that did not do what was asked.

    message: What the API server, or the connection to it, told.
    reason: The API server's word for it, as in meta/v1 Status; empty where it gave none.
    """

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason


class NotLeading(ClusterError):
    """Nothing was sent: another process may lead by now."""


class Conflict(ClusterError):
    """The object is not the one, or not in the version, that the call was made for."""


class AlreadyExists(ClusterError):
    """An object of that name exists."""


class NotFound(ClusterError):
    """There is no such object."""


class Refused(ClusterError):
    """The call will not be taken as it is: forbidden, invalid, too large."""


class Unavailable(ClusterError):
    """The call may succeed later, and may have been carried out although no answer came.

    retry_after: Seconds that the API server asked to wait; None where it named none.
    """

    def __init__(self, message: str, *, reason: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


_BY_CODE: Mapping[int, type[ClusterError]] = {
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    # Credentials are replaced while the operator runs; a list has to start again where its
    # continuation expired (410).
    HTTPStatus.UNAUTHORIZED: Unavailable,
    HTTPStatus.REQUEST_TIMEOUT: Unavailable,
    HTTPStatus.GONE: Unavailable,
    HTTPStatus.TOO_MANY_REQUESTS: Unavailable,
}


def error_of(code: int, headers: Mapping[str, str], body: bytes) -> ClusterError:
    """The error that an answer of a code from 300 on stands for."""
    status = _status(body)
    message = str(status.get("message") or body[:_MOST_CHARACTERS].decode(errors="replace"))
    reason = str(status.get("reason") or "")
    kind = _BY_CODE.get(code, Unavailable if code >= 500 else Refused)
    if kind is Conflict and reason == "AlreadyExists":
        kind = AlreadyExists
    text = message.strip() or f"HTTP {code}"
    if kind is Unavailable:
        return Unavailable(text, reason=reason, retry_after=_seconds(headers.get("Retry-After")))
    return kind(text, reason=reason)


def _status(body: bytes) -> dict[str, Any]:
    try:
        status = json.loads(body)
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}


def _seconds(value: str | None) -> float | None:
    """`Retry-After` in seconds (RFC 9110); the API server never gives it as a date."""
    return float(value) if value is not None and value.isdecimal() else None
