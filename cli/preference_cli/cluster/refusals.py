"""What the API server refuses, in words: which right, object or installation is missing."""

import json
import re
from collections.abc import Mapping
from typing import Any

from preference_cli.cluster.request import PREFERENCE_JOBS, Request
from preference_cli.errors import CommandError

_DENIED = re.compile(r'User "(?P<user>[^"]*)" cannot ')
_BUSY = 429
_GONE = 410


class Missing(CommandError):
    """The object is not there."""


class Unavailable(CommandError):
    """There was no answer, or one that may be another in a moment."""


def refusal(request: Request, *, status: int, body: str, context: str) -> CommandError:
    """What an answer with an error means.

    Args:
        request: What was asked.
        status: The HTTP status, 400 or more.
        body: A meta/v1 Status as JSON; plain text where the path itself is unknown.
        context: Name of the context.
    """
    told = _told(body)
    message = str(told.get("message") or body.strip() or f"HTTP status {status}")
    if status == 401:
        return _not_logged_in(context)
    if status == 403 and (denied := _DENIED.search(message)):
        return _not_allowed(request, denied["user"], context)
    if status == 404:
        return _not_there(request, context) if told else _not_installed(request, context)
    if status in (_BUSY, _GONE) or status >= 500:
        return unavailable(context, message)
    return CommandError(
        f"the API server of context {context} refuses to {request.verb} {request.right}: {message}",
        reason="Refused",
    )


def unavailable(context: str, said: str) -> Unavailable:
    """The API server could not be reached, or cannot answer."""
    return Unavailable(
        f"the API server of context {context} does not answer: {said}",
        remedy="try again; kubectl cluster-info asks the same server",
        reason="Unavailable",
    )


def where(request: Request, context: str) -> str:
    """The place that a request looks at."""
    place = f"namespace {request.namespace}" if request.namespace else "all namespaces"
    return f"{place} of context {context}"


def _told(body: str) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _not_logged_in(context: str) -> CommandError:
    return CommandError(
        f"the API server of context {context} does not take these credentials",
        remedy="log in again, or choose another context by --context",
        reason="Unauthorized",
    )


def _not_allowed(request: Request, user: str, context: str) -> CommandError:
    place = f" -n {request.namespace}" if request.namespace else " -A"
    return CommandError(
        f"{user} may not {request.verb} {request.right} in {where(request, context)}",
        remedy=f"have somebody grant verb {request.verb} on resource {request.right}; "
        f"kubectl auth can-i {request.verb} {request.right}{place} tells when it is there",
        reason="Forbidden",
    )


def _not_there(request: Request, context: str) -> CommandError:
    ours = request.resource == PREFERENCE_JOBS
    remedy = "preference status -A shows all; -n chooses the namespace, --context the cluster"
    return Missing(
        f"there is no {request.resource.kind} {request.name} in {where(request, context)}",
        remedy=remedy if ours else "",
        reason="NotFound",
    )


def _not_installed(request: Request, context: str) -> CommandError:
    return CommandError(
        f"context {context} does not know {request.resource.qualified}: the operator is not "
        "installed there",
        remedy="install the operator, or choose another context by --context",
        reason="OperatorMissing",
    )
