"""What the API server noted about every request (Kubernetes documentation, "Auditing")."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
"""Everything, without bodies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A request and how it was answered; the fields of what it does not name are empty.

    Args:
        user: As RBAC names it; `system:serviceaccount:NAMESPACE:NAME` for a service account.
        verb: As RBAC names it: get, list, watch, create, update, patch, delete ...
        path: Path and query.
        group: API group.
        resource: In the plural.
        subresource: Such as `status`.
        namespace: Of the object.
        name: Of the object.
        code: HTTP status of the answer.
        allowed: Whether the user has the right to it; admission may refuse it nevertheless.
        time: When the request came in.
    """

    user: str
    verb: str
    path: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    allowed: bool
    time: datetime


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The audit log of a running API server.

    Args:
        path: The file that the API server writes.
    """

    path: Path

    def of(self, user: str, *, since: datetime | None = None) -> list[AuditEntry]:
        """A user's requests in the order in which they came in, from a moment on.

        A request is noted once it is answered, a watch once it has begun. The note may come a
        moment after the answer, so a test awaits what it looks for.
        """
        mark = f'"username":{json.dumps(user)}'
        with self.path.open() as lines:
            # A line may be half written; the whole one is read the next time.
            events = [json.loads(line) for line in lines if mark in line and line.endswith("\n")]
        # A watch is noted at its beginning and at its end under one id.
        entries = {event["auditID"]: _entry(event) for event in events}.values()
        found = (entry for entry in entries if entry.user == user)
        recent = (entry for entry in found if since is None or entry.time >= since)
        return sorted(recent, key=lambda entry: entry.time)


def service_account(namespace: str, name: str) -> str:
    """The user that a service account is."""
    return f"system:serviceaccount:{namespace}:{name}"


def _entry(event: Mapping[str, Any]) -> AuditEntry:
    target = event.get("objectRef", {})
    return AuditEntry(
        user=event["user"]["username"],
        verb=event["verb"],
        path=event["requestURI"],
        group=target.get("apiGroup", ""),
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=event["responseStatus"]["code"],
        allowed=event["annotations"].get("authorization.k8s.io/decision") == "allow",
        time=datetime.fromisoformat(event["requestReceivedTimestamp"]),
    )
