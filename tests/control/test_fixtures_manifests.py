"""The manifests that install the operator: what they allow, and that the API server takes them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import audit_log
from control_plane import ControlPlane
from operator_process import ACCOUNT, NAMESPACE

pytestmark = pytest.mark.cluster

MANIFESTS = Path(__file__).resolve().parents[2] / "operator" / "manifests"
USER = audit_log.service_account(NAMESPACE, ACCOUNT)


def allowed(
    plane: ControlPlane, verb: str, resource: str, namespace: str, *, name: str = ""
) -> bool:
    """Whether the operator may; the resource as group/resource/subresource, the last if any."""
    group, resource, *subresource = resource.split("/")
    attributes = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": "".join(subresource),
        "namespace": namespace,
        "name": name,
    }
    review = plane.ask(
        "POST",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {"spec": {"user": USER, "resourceAttributes": attributes}},
    )
    return bool(review["status"]["allowed"])


@pytest.mark.parametrize(
    ("resource", "verbs"),
    [
        ("preference.dev/preferencejobs", {"list", "watch", "delete"}),
        ("preference.dev/preferencejobs/status", {"patch"}),
        ("preference.dev/preferencejobs/finalizers", set()),
        ("batch/jobs", {"get", "list", "watch", "create", "delete"}),
        ("batch/jobs/status", set()),
        ("/pods", {"list", "watch"}),
        ("/pods/exec", set()),
        ("/pods/log", set()),
        ("/secrets", set()),
        ("/configmaps", set()),
        ("/serviceaccounts/token", set()),
        ("/events", set()),
        ("events.k8s.io/events", {"list", "create"}),
        ("coordination.k8s.io/leases", set()),
        ("rbac.authorization.k8s.io/rolebindings", set()),
    ],
)
def test_the_operator_may_do_this_anywhere(
    control: ControlPlane, resource: str, verbs: set[str]
) -> None:
    every = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
    assert {verb for verb in every if allowed(control, verb, resource, "team")} == verbs


@pytest.mark.parametrize(
    ("name", "verbs"),
    [
        ("preference-operator", {"get", "create", "update"}),
        ("another", {"create"}),
        ("", {"create"}),
    ],
)
def test_the_operator_may_hold_its_lease_in_its_own_namespace(
    control: ControlPlane, name: str, verbs: set[str]
) -> None:
    every = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
    leases = "coordination.k8s.io/leases"
    found = {verb for verb in every if allowed(control, verb, leases, NAMESPACE, name=name)}
    assert found == verbs


def test_the_operators_pods_pass_the_restricted_standard(control: ControlPlane) -> None:
    status, answer = dry_run(control, template())
    assert status == 201, answer


def test_the_namespace_refuses_pods_that_do_not_pass_it(control: ControlPlane) -> None:
    weak = template()
    del weak["spec"]["containers"][0]["securityContext"]
    status, answer = dry_run(control, weak)
    assert (status, answer["reason"]) == (403, "Forbidden")
    assert "restricted" in answer["message"]


def template() -> dict[str, Any]:
    deployment = yaml.safe_load((MANIFESTS / "deployment.yaml").read_text())
    pod: dict[str, Any] = deployment["spec"]["template"]
    return {**pod, "metadata": {**pod["metadata"], "name": "operator"}}


def dry_run(plane: ControlPlane, pod: dict[str, Any]) -> tuple[int, Any]:
    return plane.request("POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All", pod)
