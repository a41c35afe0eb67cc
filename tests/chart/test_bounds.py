"""What a PreferenceJob cannot be used for, and which layer is in the way."""

from typing import Any

import pytest

from account_requests import Account
from awaiting import until
from changes import Body, changed
from control_plane import MERGE_PATCH, ControlPlane
from helm_chart import Release, settings
from preference_api.crd import PLURAL
from preference_api.v1alpha1 import API_VERSION
from preference_jobs import manifest
from preference_operator.settings import image_allowed

pytestmark = pytest.mark.cluster

PATH = f"/apis/{API_VERSION}/namespaces/{{}}/{PLURAL}"
STRICT = "?fieldValidation=Strict"
POLICY = "ValidatingAdmissionPolicy 'preference-operator-preferencejobs'"
ANYTHING = [{"operator": "Exists"}]
CONTROL_PLANE = [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]


@pytest.fixture(scope="module")
def tenant(release: Release, plane: ControlPlane) -> Account:
    """Somebody who may edit in the namespace team; the cluster's role has taken over ours."""
    plane.kubectl("create", "serviceaccount", "tenant", "-n", "team")
    plane.kubectl(
        *("create", "rolebinding", "tenant", "-n", "team"),
        *("--clusterrole=edit", "--serviceaccount=team:tenant"),
    )
    found = Account(plane, "team", "tenant")
    until(lambda: found.request("GET", PATH.format("team"))[0] == 200)
    return found


def create(tenant: Account, body: Body, *, namespace: str = "team") -> tuple[int, Any]:
    return tenant.request("POST", f"{PATH.format(namespace)}{STRICT}&dryRun=All", body)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"storage": {"endpoint": "https://s3.example.com/"}},
        {"storage": {"endpoint": "https://a.storage.example:9000"}},
        {"tracking": {"mlflow": {"uri": "https://s3.example.com/teams/mlflow/"}}},
        {"tracking": {"wandb": {"project": "p", "endpoint": "https://s3.example.com"}}},
        {"tracking": {"credentialsSecret": {"name": "trackers"}}},
        {"resources": {"serviceAccountName": "preference-trainer"}},
        {"resources": {"serviceAccountName": "reader", "gpuResource": "nvidia.com/mig-1g.10gb"}},
        {"resources": {"priorityClassName": "research"}},
        {"resources": {"tolerations": [{"key": "gpu", "operator": "Exists"}]}},
        {"dataset": {"mixture": [{"uri": "s3://bucket/a..b/.c"}]}},
        {"image": "registry.example/teams/a/trainer:3"},
        {"sft": {}},
    ],
    ids=str,
)
def test_what_teams_need_passes(tenant: Account, spec: Body) -> None:
    status, answer = create(tenant, manifest(**spec))
    assert status == 201, answer


ENDPOINT, RESOURCES = "spec.storage.endpoint", "spec.resources"
MLFLOW, WANDB = "spec.tracking.mlflow", "spec.tracking.wandb"
SCHEMA, FIELD = "Invalid value", "unknown field"
REFUSED = [
    # No field leads to a pod's volumes, variables, host or security.
    ("spec.volumes", [{"hostPath": {"path": "/"}}], FIELD),
    ("spec.template", {"spec": {"hostNetwork": True}}, FIELD),
    ("spec.podSpecPatch", "hostPID: true", FIELD),
    ("spec.env", [{"name": "LD_PRELOAD", "value": "/claims/x.so"}], FIELD),
    ("spec.command", ["sh"], FIELD),
    (f"{RESOURCES}.hostNetwork", True, FIELD),
    (f"{RESOURCES}.securityContext", {"privileged": True}, FIELD),
    (f"{RESOURCES}.nodeName", "control-plane", FIELD),
    # Other namespaces.
    ("spec.storage.credentialsSecret", {"name": "s", "namespace": "other"}, FIELD),
    ("spec.storage.credentialsSecret", {"name": "../other/s"}, SCHEMA),
    (f"{RESOURCES}.serviceAccountName", "kube-system/default", SCHEMA),
    ("metadata.namespace", "other", "does not match the namespace"),
    # Service accounts, images, nodes.
    (f"{RESOURCES}.serviceAccountName", "cluster-admin", "policy.serviceAccounts"),
    (f"{RESOURCES}.priorityClassName", "system-node-critical", "one of the system's"),
    (f"{RESOURCES}.tolerations", ANYTHING, "reaches control plane nodes"),
    (f"{RESOURCES}.tolerations", CONTROL_PLANE, "reaches control plane nodes"),
    (f"{RESOURCES}.gpuResource", "devices.kubevirt.io/kvm", "policy.gpuResources"),
    (f"{RESOURCES}.gpuResource", "nvidia.com.evil.example/x", "policy.gpuResources"),
    (f"{RESOURCES}.gpuResource", "hugepages-2Mi", SCHEMA),
    ("spec.image", "docker.io/evil/trainer", "trainer.allowedImages"),
    # The node's metadata, by address, by name and by the other spellings of an address.
    (ENDPOINT, "http://169.254.169.254", "the node itself or to its metadata"),
    (ENDPOINT, "http://169.254.170.2/", "the node itself or to its metadata"),
    (ENDPOINT, "http://[fd00:ec2::254]", "the node itself or to its metadata"),
    (ENDPOINT, "http://[fe80::1]", "the node itself or to its metadata"),
    (ENDPOINT, "http://[::ffff:169.254.169.254]", POLICY),
    (ENDPOINT, "http://127.0.0.1:2379", "the node itself or to its metadata"),
    (ENDPOINT, "http://[::1]:10250", "the node itself or to its metadata"),
    (ENDPOINT, "http://2852039166", "by another name"),
    (ENDPOINT, "http://0xa9fea9fe", "by another name"),
    (ENDPOINT, "http://0251.0376.0251.0376", "by another name"),
    (ENDPOINT, "http://169.254.43518", "by another name"),
    (ENDPOINT, "http://metadata.google.internal", "by another name"),
    (ENDPOINT, "http://LOCALHOST:8080", "by another name"),
    (ENDPOINT, "https://169.254.169.254.nip.example", "not among the allowed ones"),
    # Endpoints that are not listed, or only look so.
    (ENDPOINT, "https://evil.example", "not among the allowed ones"),
    (ENDPOINT, "http://s3.example.com", "not among the allowed ones"),
    (ENDPOINT, "https://s3.example.com.evil.example", "not among the allowed ones"),
    (ENDPOINT, "https://s3.example.com:8443", "not among the allowed ones"),
    (ENDPOINT, "https://s3xexample.com", "not among the allowed ones"),
    (ENDPOINT, "https://evil.example:1.storage.example:9000", POLICY),
    (ENDPOINT, "https://s3.example.com@evil.example", SCHEMA),
    (ENDPOINT, "https://s3.example.com/redirect?to=http://169.254.169.254", SCHEMA),
    (ENDPOINT, "https://s3.example.com#@evil.example", SCHEMA),
    (ENDPOINT, "file:///etc", SCHEMA),
    # Trackers, which are held to the same list.
    (MLFLOW, {"uri": "http://169.254.169.254/latest"}, f"{MLFLOW}.uri leads to the node itself"),
    (MLFLOW, {"uri": "http://metadata.google.internal/x"}, f"{MLFLOW}.uri leads to the node"),
    (MLFLOW, {"uri": "https://evil.example/s3.example.com"}, "not among the allowed ones"),
    (MLFLOW, {"uri": "https://s3.example.com:8443/mlflow"}, "not among the allowed ones"),
    (MLFLOW, {"uri": "https://s3.example.com@evil.example/mlflow"}, SCHEMA),
    (MLFLOW, {"uri": "https://s3.example.com/a?b=c"}, SCHEMA),
    (MLFLOW, {"uri": "file:///tmp/mlruns"}, SCHEMA),
    (WANDB, {"project": "p"}, "https://api.wandb.ai is not among the allowed ones"),
    (WANDB, {"project": "p", "endpoint": "http://localhost:8080"}, "by another name"),
    (WANDB, {"project": "p", "endpoint": "https://evil.example"}, "not among the allowed ones"),
    (WANDB, {"project": "../p", "endpoint": "https://s3.example.com"}, SCHEMA),
    ("spec.tracking.credentialsSecret", {"name": "s", "namespace": "other"}, FIELD),
    # Locations.
    ("spec.model.uri", "file:///etc/passwd", SCHEMA),
    ("spec.model.uri", "http://169.254.169.254/latest", SCHEMA),
    ("spec.model.uri", "pvc://../../etc", SCHEMA),
    ("spec.model.uri", "pvc://models/../../etc/passwd", "as a step of its path"),
    ("spec.dataset.uri", "s3://bucket/../other/pairs.jsonl", "as a step of its path"),
    ("spec.dataset.evaluation", {"uri": "s3://bucket/x/.."}, "as a step of its path"),
    ("spec.dataset.uri", "s3://bucket/..\\..\\x", "as a step of its path"),
    ("spec.output.uri", "pvc://models/base", "has to be a bucket"),
    ("spec.model.uri", "hf://--upload-pack=id/x", SCHEMA),
    # Shells, schedulers, sizes.
    ("metadata.name", "x; reboot", SCHEMA),
    ("metadata.name", "../../x", SCHEMA),
    ("spec.output.name", "$(reboot)", SCHEMA),
    ("spec.retrain", {"schedule": "* * * * *; reboot"}, SCHEMA),
    ("spec.model.chatTemplate", "x" * 40_000, "Too long"),
    ("metadata.annotations", {"note": "x" * 300_000}, "Too long"),
    ("spec.output.uri", "s3://bucket/" + "x" * 2_000, "Too long"),
    ("spec.dataset.mixture", [{"uri": "s3://bucket/x"}] * 200, "Too many"),
    (f"{RESOURCES}.nodeSelector", {f"a{number}": "b" for number in range(99)}, "Too many"),
    ("spec.storage.credentialsSecret", {"name": "$(id)"}, SCHEMA),
    (f"{RESOURCES}.gpus", 10_000, SCHEMA),
    (f"{RESOURCES}.nodeSelector", {"a b": "c"}, "label keys"),
]


@pytest.mark.parametrize(
    ("path", "value", "words"), REFUSED, ids=[f"{path}={value}"[:70] for path, value, _ in REFUSED]
)
def test_a_preference_job_is_refused_with(
    tenant: Account, path: str, value: Any, words: str
) -> None:
    status, answer = create(tenant, changed(manifest(), path, value))
    assert status in (400, 422), answer
    assert words in answer["message"]


def test_a_status_of_ones_own_is_not_taken(tenant: Account) -> None:
    status, answer = create(tenant, changed(manifest(), "status", {"state": "Succeeded"}))
    assert (status, "state" in answer["status"]) == (201, False)


def test_an_object_that_is_too_large_is_refused(tenant: Account) -> None:
    status, answer = create(tenant, changed(manifest(), "spec.x", "x" * 4_000_000))
    assert (status, answer["reason"]) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", PATH.format("other")),
        ("PUT", f"{PATH.format('team')}/x/status"),
        ("PATCH", f"{PATH.format('team')}/x/status"),
        ("POST", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"),
    ],
)
def test_the_roles_refuse_the_tenant(tenant: Account, method: str, path: str) -> None:
    status, answer = tenant.request(method, path, manifest())
    assert (status, answer["reason"]) == (403, "Forbidden")


def test_an_edit_is_bounded_and_what_does_not_touch_the_spec_is_not(
    tenant: Account, plane: ControlPlane, release: Release
) -> None:
    path = f"{PATH.format('team')}/before"
    body = manifest("before", image="registry.example/teams/a:1")
    plane.ask("POST", PATH.format("team"), body)
    tight = {**release.values, "trainer": {"namespaces": ["team"]}}
    release.upgrade(values=tight)
    try:
        until(lambda: create(tenant, body)[0] == 422)
        label = {"metadata": {"labels": {"a": "b"}}}
        plane.ask("PATCH", path, label, content_type=MERGE_PATCH)
        edit = {"spec": {"suspend": True}}
        status, answer = plane.request("PATCH", path, edit, content_type=MERGE_PATCH)
        assert (status, POLICY in answer["message"]) == (422, True)
    finally:
        release.upgrade()
        plane.ask("DELETE", path)
        until(lambda: create(tenant, body)[0] == 201)


@pytest.mark.parametrize(
    "image",
    [
        "registry.example/trainer:1",
        "registry.example/trainer:2",
        "registry.example/teams/a",
        "registry.example/teams/a/b@sha256:" + "0" * 64,
        "registry.example/teams/",
        "registry.example/team/a",
        "eu.mirror.example/trainer:2",
        "eu.west.mirror.example/trainer:2",
        "evil.example/mirror.example/trainer:2",
        "evil.example/x.mirror.example/trainer:2",
        ".mirror.example/trainer:2",
        "registryxexample/teams/a",
    ],
)
def test_policy_and_operator_allow_the_same_images(
    tenant: Account, release: Release, image: str
) -> None:
    status, _answer = create(tenant, manifest(image=image))
    assert (status == 201) == image_allowed(image, settings(release.values))
