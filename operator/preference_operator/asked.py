"""What a call asks of the API server, in the words of RBAC: a verb and a resource."""

from collections.abc import Mapping
from typing import NamedTuple

_VERBS: Mapping[str, str] = {
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


class Asked(NamedTuple):
    """`patch` and `preferencejobs/status`, for instance."""

    verb: str
    resource: str


def asked_of(method: str, path: str) -> Asked:
    """Read a call of a resource, in a namespace or in all of them.

    (Kubernetes API concepts, "Resource URIs")

    Args:
        method: Of HTTP.
        path: From the server's root on, with the query or without.

    """
    root, *parts = path.partition("?")[0].strip("/").split("/")
    parts = parts[1:] if root == "api" else parts[2:]
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        parts = parts[2:]
    resource, name, subresource = (*parts, "", "", "")[:3]
    verb = _VERBS.get(method, "get" if name else "list")
    return Asked(verb, f"{resource}/{subresource}" if subresource else resource)
