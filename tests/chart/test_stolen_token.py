"""What a thief of the operator's token cannot do, and which layer is in the way."""

from collections.abc import Iterator
from typing import Any

import pytest

from account_requests import Account
from changes import Body, changed
from control_plane import ControlPlane
from helm_chart import NAMESPACE, Release, documents, only, settings
from operator_builders import RESOLVED, preference_job
from preference_api.children import ChildStage
from preference_operator.children import child_job
from preference_operator.objects import read_job
from preference_operator.settings import Settings
from preference_operator.trainer_pod import Order

pytestmark = pytest.mark.cluster

JOBS = "/apis/batch/v1/namespaces/{}/jobs"
OWNER = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "x", "uid": "1", "controller": True}
HOST = {"name": "host", "hostPath": {"path": "/"}}
TOKEN = {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
HOST_ALIAS = [{"ip": "169.254.169.254", "hostnames": ["s3.example.com"]}]
PROBE = {"exec": {"command": ["sh", "-c", "id"]}}
SECRET_KEY = {"secretKeyRef": {"name": "admin", "key": "password"}}
SECRET_VALUE = {"name": "HOME", "valueFrom": SECRET_KEY}
FOREIGN_KEY = {"secretKeyRef": {"name": "trackers", "key": "password"}}
TRACKER = {
    "name": "WANDB_API_KEY",
    "valueFrom": {"secretKeyRef": {"name": "admin", "key": "WANDB_API_KEY"}},
}
RICH: Body = {
    "image": "registry.example/teams/a/trainer:3",
    "model": {"uri": "pvc://models/base"},
    "storage": {"endpoint": "https://s3.example.com", "credentialsSecret": {"name": "bucket"}},
    "tracking": {
        "mlflow": {"uri": "https://s3.example.com/mlflow"},
        "credentialsSecret": {"name": "trackers"},
    },
    "resources": {
        "gpus": 2,
        "cpu": "4",
        "memory": "32Gi",
        "sharedMemory": "8Gi",
        "nodeSelector": {"gpu": "yes"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "priorityClassName": "research",
        "serviceAccountName": "reader",
    },
    "activeDeadlineSeconds": 3600,
}


@pytest.fixture(scope="module")
def chosen(release: Release) -> Settings:
    return settings(release.values)


@pytest.fixture(scope="module", autouse=True)
def priority(plane: ControlPlane) -> Iterator[None]:
    """A priority class that Jobs may name."""
    path = "/apis/scheduling.k8s.io/v1/priorityclasses"
    plane.ask("POST", path, {"metadata": {"name": "research"}, "value": 10})
    yield
    plane.ask("DELETE", f"{path}/research")


def child(chosen: Settings, stage: ChildStage = ChildStage.TRAIN, **spec: Any) -> Body:
    """A child Job as the operator makes it."""
    job = read_job(preference_job(spec=spec, labels={"kueue.x-k8s.io/queue-name": "gpus"}))
    assert job.spec is not None
    resolved = RESOLVED if stage is ChildStage.TRAIN else None
    order = Order(job=job, spec=job.spec, stage=stage, run_hash=job.spec_hash, resolved=resolved)
    return child_job(order, chosen)


def create(thief: Account, job: Body) -> tuple[int, Any]:
    return thief.request("POST", f"{JOBS.format(job['metadata']['namespace'])}?dryRun=All", job)


@pytest.mark.parametrize("stage", ChildStage)
@pytest.mark.parametrize("spec", [{}, RICH], ids=["smallest", "rich"])
def test_the_operators_own_jobs_pass(
    thief: Account, chosen: Settings, stage: ChildStage, spec: Body
) -> None:
    status, answer = create(thief, child(chosen, stage, **spec))
    assert status == 201, answer


POD, CONTAINER = "spec.template.spec", "spec.template.spec.containers.0"
REFUSED = [
    ("metadata.ownerReferences", None, "belong to one PreferenceJob"),
    ("metadata.ownerReferences.0", OWNER, "belong to one PreferenceJob"),
    ("metadata.ownerReferences.0.controller", False, "belong to one PreferenceJob"),
    ("metadata.ownerReferences.0.uid", "another", "belong to one PreferenceJob"),
    ("metadata.labels.preference.dev/stage", "other", "labels of Job and pods"),
    ("metadata.name", "backdoor", "the name stage and run"),
    ("metadata.labels.app", "operator", "no labels or annotations"),
    ("spec.template.metadata.labels.app", "database", "no labels or annotations"),
    ("spec.template.metadata.annotations", {"inject": "yes"}, "no labels or annotations"),
    ("spec.parallelism", 100, "one pod at a time"),
    ("spec.managedBy", "evil.example/controller", "one pod at a time"),
    (f"{POD}.containers.+", {"name": "miner", "image": "miner"}, "no other"),
    (f"{POD}.initContainers", [{"name": "first", "image": "miner"}], "no other"),
    (f"{POD}.hostNetwork", True, "part in the node's namespaces"),
    (f"{POD}.hostPID", True, "part in the node's namespaces"),
    (f"{POD}.hostIPC", True, "part in the node's namespaces"),
    (f"{POD}.hostAliases", HOST_ALIAS, "part in the node's namespaces"),
    (f"{POD}.dnsConfig", {"nameservers": ["192.0.2.1"]}, "part in the node's namespaces"),
    (f"{POD}.dnsPolicy", "Default", "part in the node's namespaces"),
    (f"{POD}.nodeName", "control-plane", "leave node, scheduler and runtime"),
    (f"{POD}.affinity", {"nodeAffinity": {}}, "leave node, scheduler and runtime"),
    (f"{POD}.schedulerName", "own", "leave node, scheduler and runtime"),
    (f"{POD}.shareProcessNamespace", True, "leave node, scheduler and runtime"),
    (f"{POD}.runtimeClassName", "privileged", "leave node, scheduler and runtime"),
    (f"{POD}.priorityClassName", "system-node-critical", "keep off control plane nodes"),
    (f"{POD}.tolerations", [{"operator": "Exists"}], "keep off control plane nodes"),
    (f"{POD}.serviceAccountName", "cluster-admin", "it has cluster-admin"),
    (f"{POD}.automountServiceAccountToken", True, "without its token"),
    (f"{POD}.enableServiceLinks", True, "without its token"),
    (f"{POD}.volumes.+", HOST, "empty directories and claims"),
    (f"{POD}.volumes.+", TOKEN, "empty directories and claims"),
    (f"{POD}.volumes.+", {"name": "s", "secret": {"secretName": "x"}}, "empty directories"),
    (f"{POD}.volumes.2.persistentVolumeClaim.readOnly", False, "claims that are only read"),
    (f"{CONTAINER}.volumeMounts.0.mountPath", "/etc", "mount its volumes at /tmp"),
    (f"{POD}.securityContext.runAsUser", 0, "a user that is not root"),
    (f"{POD}.securityContext.runAsNonRoot", False, "a user that is not root"),
    (f"{POD}.securityContext.seccompProfile.type", "Unconfined", "the runtime's seccomp"),
    (f"{POD}.securityContext.sysctls", [{"name": "a.b", "value": "1"}], "the runtime's seccomp"),
    (f"{POD}.securityContext.supplementalGroups", [0], "the runtime's seccomp"),
    (f"{POD}.securityContext.seLinuxOptions", {"type": "spc_t"}, "the runtime's seccomp"),
    (f"{CONTAINER}.volumeMounts.0.mountPropagation", "HostToContainer", "mount its volumes"),
    (f"{CONTAINER}.volumeMounts.0.subPathExpr", "$(HOME)", "mount its volumes"),
    (f"{CONTAINER}.securityContext", {"privileged": True}, "no capabilities"),
    (f"{CONTAINER}.securityContext.capabilities.add", ["SYS_ADMIN"], "no capabilities"),
    (f"{CONTAINER}.securityContext.runAsUser", 0, "no capabilities"),
    (f"{CONTAINER}.securityContext.readOnlyRootFilesystem", False, "read-only root"),
    (f"{CONTAINER}.image", "docker.io/evil/miner", "docker.io/evil/miner is not allowed"),
    (f"{CONTAINER}.image", "registry.example/trainer:1@evil", "is not allowed"),
    (f"{CONTAINER}.image", "registry.example/trainer:12", "is not allowed"),
    (f"{CONTAINER}.image", "evil.example/a.mirror.example/trainer:2", "is not allowed"),
    (f"{CONTAINER}.command", ["sh", "-c", "id"], "the image's own entry point"),
    (f"{CONTAINER}.args", ["train", "--more"], "the stage as its one argument"),
    (f"{CONTAINER}.workingDir", "/claims", "the image's own entry point"),
    (f"{CONTAINER}.readinessProbe", PROBE, "the image's own entry point"),
    (f"{CONTAINER}.startupProbe", PROBE, "the image's own entry point"),
    (f"{CONTAINER}.lifecycle", {"preStop": PROBE}, "the image's own entry point"),
    (f"{CONTAINER}.livenessProbe", PROBE, "the image's own entry point"),
    (f"{CONTAINER}.env.+", {"name": "LD_PRELOAD", "value": "/tmp/x"}, "no variables but"),
    (f"{CONTAINER}.env.0", SECRET_VALUE, "no variables but"),
    (f"{CONTAINER}.env.0.name", "PYTHONPATH", "no variables but"),
    (f"{CONTAINER}.envFrom", [{"secretRef": {"name": "b"}}], "variables from one Secret"),
    (f"{CONTAINER}.envFrom", [{"configMapRef": {"name": "b"}}], "variables from one Secret"),
    (f"{CONTAINER}.env.+", {**SECRET_VALUE, "name": "HF_TOKEN"}, "variables from one Secret"),
    (f"{CONTAINER}.env.+", {**SECRET_VALUE, "name": "LD_PRELOAD"}, "no variables but"),
    (f"{CONTAINER}.env.+", TRACKER, "one of the trackers"),
    (f"{CONTAINER}.env.8.valueFrom", FOREIGN_KEY, "by their names"),
    (f"{CONTAINER}.ports.0.hostPort", 8080, "no port of the node"),
]


@pytest.mark.parametrize(
    ("path", "value", "words"), REFUSED, ids=[f"{path}={value}"[:70] for path, value, _ in REFUSED]
)
def test_the_policy_refuses_a_job_with(
    thief: Account, chosen: Settings, path: str, value: Any, words: str
) -> None:
    status, answer = create(thief, with_slashes(child(chosen, **RICH), path, value))
    assert (status, answer["reason"]) == (422, "Invalid"), answer
    assert "ValidatingAdmissionPolicy 'preference-operator-jobs'" in answer["message"]
    assert words in answer["message"]


def test_every_bound_is_tried() -> None:
    policy = only(documents(), "ValidatingAdmissionPolicy", "preference-operator-jobs")
    words = [
        *(words for _path, _value, words in REFUSED),
        "makes no Jobs in this",
        "is not allowed",
    ]
    for bound in policy["spec"]["validations"]:
        told = bound.get("message") or bound["messageExpression"]
        assert [one for one in words if one in told] or "it has" in told, told


def with_slashes(job: Body, path: str, value: Any) -> Body:
    """The Job changed; the dots of a label's own prefix do not part the path."""
    head, found, key = path.partition("preference.dev/")
    if not found:
        return changed(job, path, value)
    labels = {**job["metadata"]["labels"], f"preference.dev/{key}": value}
    return changed(job, head.rstrip("."), labels)


def test_the_policy_refuses_a_check_with_a_trackers_key(thief: Account, chosen: Settings) -> None:
    job = changed(child(chosen, ChildStage.CHECK, **RICH), f"{CONTAINER}.env.+", TRACKER)
    status, answer = create(thief, job)
    assert (status, "no variables but" in answer["message"]) == (422, True), answer


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", NAMESPACE])
def test_the_policy_refuses_jobs_in(thief: Account, chosen: Settings, namespace: str) -> None:
    status, answer = create(thief, changed(child(chosen), "metadata.namespace", namespace))
    assert status == 422
    assert "makes no Jobs in this namespace" in answer["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/namespaces/team/pods"),
        ("POST", "/api/v1/namespaces/team/pods/x/exec"),
        ("POST", "/api/v1/namespaces/team/pods/x/ephemeralcontainers"),
        ("GET", "/api/v1/namespaces/team/secrets"),
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/namespaces/team/configmaps"),
        ("POST", "/api/v1/namespaces/team/serviceaccounts/default/token"),
        ("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"),
        ("PUT", "/apis/batch/v1/namespaces/team/jobs/x"),
        ("DELETE", "/apis/batch/v1/namespaces/team/jobs"),
        ("PUT", "/apis/preference.dev/v1alpha1/namespaces/team/preferencejobs/x"),
        ("GET", "/apis/preference.dev/v1alpha1/namespaces/team/preferencejobs/x"),
        ("POST", "/apis/preference.dev/v1alpha1/namespaces/team/preferencejobs"),
        ("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x"),
        ("GET", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/another"),
        ("PUT", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/another"),
        ("DELETE", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/another"),
        ("POST", "/apis/coordination.k8s.io/v1/namespaces/team/leases"),
        ("GET", "/api/v1/nodes"),
        ("GET", "/api/v1/namespaces"),
    ],
)
def test_the_roles_refuse(thief: Account, method: str, path: str) -> None:
    status, answer = thief.request(method, path, {} if method in ("POST", "PUT") else None)
    assert (status, answer["reason"]) == (403, "Forbidden"), answer
    assert "ValidatingAdmissionPolicy" not in answer["message"]
