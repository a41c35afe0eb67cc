"""Rights to Leases of other names than the shipped one, for operators beside one another."""

from http import HTTPStatus

from awaiting import until
from control_plane import ControlPlane
from operator_process import ACCOUNT, NAMESPACE

_RULES = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
_GROUP = "rbac.authorization.k8s.io"


def role(lease: str) -> str:
    """The path of the Role that gives the right to a Lease."""
    return f"{_RULES}/roles/lease-{lease}"


def give(plane: ControlPlane, lease: str) -> None:
    """Let the operator's account read and write a Lease, as the shipped Role does with its own.

    Returns once the API server goes by it.
    """
    name = f"lease-{lease}"
    rule = {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resourceNames": [lease],
        "verbs": ["get", "update"],
    }
    reference = {"apiGroup": _GROUP, "kind": "Role", "name": name}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    for kind, body in (
        ("roles", {"metadata": {"name": name}, "rules": [rule]}),
        ("rolebindings", binding),
    ):
        status, answer = plane.request("POST", f"{_RULES}/{kind}", body)
        assert status in (HTTPStatus.CREATED, HTTPStatus.CONFLICT), answer
    until(lambda: _holds(plane, lease))


def _holds(plane: ControlPlane, lease: str) -> bool:
    attributes = {
        "namespace": NAMESPACE,
        "group": "coordination.k8s.io",
        "resource": "leases",
        "name": lease,
        "verb": "update",
    }
    user = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
    spec = {"user": user, "resourceAttributes": attributes}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(plane.ask("POST", path, {"spec": spec})["status"]["allowed"])
