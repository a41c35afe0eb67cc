"""What a real scheduler and a real API server say about pods that they do not take."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import control_plane
from awaiting import until
from control_plane import MERGE_PATCH, ControlPlane
from plane_objects import make, make_namespace, pod_spec
from pod_states import Body
from preference_operator.diagnose import Diagnosis, Reason, complaint, waiting

pytestmark = pytest.mark.cluster

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
GPUS = {"nvidia.com/gpu": "8"}
TAINT = {"key": "gpu", "value": "h100", "effect": "NoSchedule"}
ON_PODS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE"],
    "resources": ["pods"],
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("control-plane")
    with control_plane.running(folder, controller_manager=True, scheduler=True) as plane:
        _add_node(plane, "plain", taints=[], extra={})
        _add_node(plane, "tainted", taints=[TAINT], extra=GPUS)
        make_namespace(plane, "waiting")
        yield plane


def _add_node(plane: ControlPlane, name: str, *, taints: list[Any], extra: Body) -> None:
    """A node that is ready, on which nothing runs."""
    make(plane, "/api/v1/nodes", name)
    room = {"cpu": "4", "memory": "8Gi", "pods": "10", **extra}
    status = {"allocatable": room, "capacity": room}
    path = f"/api/v1/nodes/{name}"
    plane.ask("PATCH", f"{path}/status", {"status": status}, content_type=MERGE_PATCH)
    # Admission gives every new node the taint of one that is not ready.
    plane.ask("PATCH", path, {"spec": {"taints": taints}}, content_type=MERGE_PATCH)


def _awaited(diagnose: Callable[[], Diagnosis | None], reason: Reason) -> Diagnosis:
    """The diagnosis, as soon as it has that reason."""
    found: list[Diagnosis | None] = []

    def given() -> bool:
        found.append(diagnose())
        return found[-1] is not None and found[-1].reason == reason

    until(given)
    assert found[-1] is not None
    return found[-1]


SCHEDULING: dict[str, tuple[Body, str, str]] = {
    "gpu": (
        pod_spec(limits={"nvidia.com/gpu": "1"}),
        "1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint",
        "lower spec.resources.gpus, or correct spec.resources.gpuResource. Add the node's taint",
    ),
    "gpus": (
        pod_spec(limits={"nvidia.com/gpu": "16"}, tolerations=[{"operator": "Exists"}]),
        "2 Insufficient nvidia.com/gpu",
        "lower spec.resources.gpus",
    ),
    "memory": (pod_spec(limits={"memory": "1Ti"}), "1 Insufficient memory", "Wait for room"),
    "selector": (
        pod_spec(nodeSelector={"zone": "moon"}),
        "1 node(s) didn't match Pod's node affinity/selector",
        "Correct spec.resources.nodeSelector",
    ),
    "claim": (
        pod_spec(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "models"}}]),
        'persistentvolumeclaim "models" not found',
        "Create or bind the claim",
    ),
}


@pytest.mark.parametrize("name", SCHEDULING)
def test_scheduler(plane: ControlPlane, name: str) -> None:
    spec, said, remedy = SCHEDULING[name]
    pods = "/api/v1/namespaces/waiting/pods"
    make(plane, pods, name, spec=spec)
    found = _awaited(lambda: waiting(plane.ask("GET", f"{pods}/{name}")), Reason.UNSCHEDULABLE)
    assert said in found.message
    assert "preemption" not in found.message.lower()
    assert remedy in found.remedy


def test_scheduling_gate(plane: ControlPlane) -> None:
    pods = "/api/v1/namespaces/waiting/pods"
    make(plane, pods, "gated", spec=pod_spec(schedulingGates=[{"name": "example.org/later"}]))
    found = _awaited(lambda: waiting(plane.ask("GET", f"{pods}/gated")), Reason.SCHEDULING_GATED)
    assert found.message.endswith("example.org/later")


def _quota(plane: ControlPlane, namespace: str) -> None:
    make(plane, f"{namespace}/resourcequotas", "low", spec={"hard": {"limits.memory": "1Mi"}})


def _limits(plane: ControlPlane, namespace: str) -> None:
    limits = [{"type": "Container", "max": {"memory": "1Mi"}}]
    make(plane, f"{namespace}/limitranges", "low", spec={"limits": limits})


def _policy(plane: ControlPlane, namespace: str) -> None:
    name = namespace.rpartition("/")[2]
    rule = {"expression": f"object.metadata.namespace != '{name}'", "message": "not here"}
    spec = {"matchConstraints": {"resourceRules": [ON_PODS]}, "validations": [rule]}
    make(plane, f"{ADMISSION}/validatingadmissionpolicies", "no-pods", spec=spec)
    binding = {"policyName": "no-pods", "validationActions": ["Deny"]}
    make(plane, f"{ADMISSION}/validatingadmissionpolicybindings", "no-pods", spec=binding)


def _webhook(plane: ControlPlane, namespace: str) -> None:
    name = namespace.rpartition("/")[2]
    hook = {
        "name": "nobody.example.org",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [ON_PODS],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    make(plane, f"{ADMISSION}/validatingwebhookconfigurations", "nobody", webhooks=[hook])


def _security(plane: ControlPlane, namespace: str) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    body = {"metadata": {"labels": labels}}
    plane.ask("PATCH", namespace, body, content_type=MERGE_PATCH)


def _nothing(plane: ControlPlane, namespace: str) -> None:
    """What stands in the way is the pod's own spec."""


REFUSALS: dict[Reason, tuple[Callable[[ControlPlane, str], None], Body, str]] = {
    Reason.POD_SECURITY_VIOLATION: (_security, {}, "allowPrivilegeEscalation != false"),
    Reason.QUOTA_EXCEEDED: (_quota, {}, "exceeded quota: low, requested: limits.memory=1Gi"),
    Reason.LIMIT_RANGE_VIOLATION: (_limits, {}, "maximum memory usage per Container is 1Mi"),
    Reason.ADMISSION_DENIED: (_policy, {}, "denied request: not here"),
    Reason.WEBHOOK_UNAVAILABLE: (_webhook, {}, 'failed calling webhook "nobody.example.org"'),
    Reason.SERVICE_ACCOUNT_NOT_FOUND: (
        _nothing,
        {"serviceAccountName": "bot"},
        'serviceaccount "bot" not found',
    ),
    Reason.PRIORITY_CLASS_NOT_FOUND: (
        _nothing,
        {"priorityClassName": "high"},
        "no PriorityClass with name high",
    ),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_no_pod(plane: ControlPlane, reason: Reason) -> None:
    obstruct, extra, said = REFUSALS[reason]
    namespace = make_namespace(plane, reason.lower())
    obstruct(plane, namespace)
    spec = pod_spec(limits={"memory": "1Gi"}, **extra)
    until(lambda: _refused(plane, namespace, spec))
    jobs = namespace.replace("/api/v1", "/apis/batch/v1") + "/jobs"
    make(plane, jobs, "tone", spec={"template": {"spec": spec}})
    events = namespace.replace("/api/v1", "/apis/events.k8s.io/v1") + "/events"
    found = _awaited(lambda: complaint(plane.ask("GET", events)["items"]), reason)
    assert found.message.startswith("Job tone gets no pod: ")
    assert said in found.message
    assert "Error creating" not in found.message


def _refused(plane: ControlPlane, namespace: str, spec: Body) -> bool:
    """Whether the obstacle is up: admission learns of it a moment after it was made."""
    pod = {"metadata": {"name": "probe"}, "spec": spec}
    return plane.request("POST", f"{namespace}/pods?dryRun=All", pod)[0] >= 400
