"""The pod of a child Job, checked by the real API server under Pod Security `restricted`."""

import json
from typing import Any

import pytest

from cluster_calls import new_namespace
from control_plane import ControlPlane
from operator_builders import CHECK, RESOLVED, SETTINGS, TRAIN, preference_job
from preference_api.children import ChildStage
from preference_api.v1alpha1.status import Attempts
from preference_api.wire import RunDocument
from preference_operator.bodies import Body
from preference_operator.objects import read_job
from preference_operator.settings import Settings
from preference_operator.trainer_pod import Order, trainer_pod

CLAIMS = {
    "model": {"uri": "pvc://models/base"},
    "dataset": {"mixture": [{"uri": "pvc://pairs/a"}, {"uri": "pvc://models/b"}], "uri": None},
}
FULL = {
    **CLAIMS,
    "resources": {
        "gpus": 2,
        "cpu": "4",
        "memory": "8Gi",
        "sharedMemory": "1Gi",
        "nodeSelector": {"a": "b"},
        "tolerations": [{"operator": "Exists"}],
        "serviceAccountName": "trainer",
    },
    "storage": {"credentialsSecret": {"name": "bucket"}},
}
COMMITTED = {"preference.dev/commit": "c0ffee", "preference.dev/repository": "https://git/x"}


def pod(
    spec: Body | None = None,
    stage: ChildStage = TRAIN,
    *,
    settings: Settings = SETTINGS,
    **metadata: Any,
) -> Body:
    job = read_job(preference_job(spec=spec, **metadata))
    assert job.spec is not None, job.fault
    resolved = None if stage is CHECK else RESOLVED
    attempts = Attempts()
    wanted = Order(
        job=job,
        spec=job.spec,
        stage=stage,
        run_hash=job.spec_hash,
        resolved=resolved,
        attempts=attempts,
    )
    return trainer_pod(wanted, settings)


def container(*arguments: Any, **options: Any) -> Body:
    (found,) = pod(*arguments, **options)["containers"]
    return found


def environment(*arguments: Any, **options: Any) -> dict[str, str]:
    env = container(*arguments, **options)["env"]
    return {one["name"]: one["value"].replace("$$", "$") for one in env if "value" in one}


@pytest.fixture(scope="module")
def restricted(api_server: ControlPlane) -> str:
    """A namespace under Pod Security `restricted`, with the accounts of the pods."""
    name = new_namespace(api_server)
    path = f"/api/v1/namespaces/{name}"
    _code, namespace = api_server.request("GET", path)
    namespace["metadata"]["labels"] |= {"pod-security.kubernetes.io/enforce": "restricted"}
    assert api_server.request("PUT", path, namespace)[0] == 200
    for account in ("default", "trainer"):
        body = {"metadata": {"name": account}}
        assert api_server.request("POST", f"{path}/serviceaccounts", body)[0] == 201
    return name


@pytest.mark.cluster
@pytest.mark.parametrize("stage", [CHECK, TRAIN])
@pytest.mark.parametrize("spec", [{}, FULL, {"resources": {"gpus": 0}}])
def test_pod_security_restricted_lets_the_pod_in(
    api_server: ControlPlane, restricted: str, spec: Body, stage: ChildStage
) -> None:
    body = {"metadata": {"generateName": "pod-"}, "spec": pod(spec, stage)}
    path = f"/api/v1/namespaces/{restricted}/pods?dryRun=All&fieldValidation=Strict"
    code, answer = api_server.request("POST", path, body)
    assert code == 201, answer
    assert answer["spec"]["automountServiceAccountToken"] is False
    assert not [one for one in answer["spec"]["volumes"] if "projected" in one]


@pytest.mark.cluster
def test_that_namespace_lets_no_other_pod_in(api_server: ControlPlane, restricted: str) -> None:
    loose = {**pod(), "securityContext": {}}
    body = {"metadata": {"generateName": "pod-"}, "spec": loose}
    path = f"/api/v1/namespaces/{restricted}/pods?dryRun=All"
    assert api_server.request("POST", path, body)[0] == 403


@pytest.mark.parametrize("stage", [CHECK, TRAIN])
def test_a_pod_has_no_rights_and_writes_nowhere_but_to_its_own_folders(stage: ChildStage) -> None:
    whole, only = pod(stage=stage), container(stage=stage)
    assert whole["automountServiceAccountToken"] is False
    assert whole["enableServiceLinks"] is False
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert whole["securityContext"]["runAsNonRoot"] is True
    assert whole["securityContext"]["runAsUser"] > 0
    assert only["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]


@pytest.mark.parametrize(
    ("spec", "limits"),
    [
        ({}, {"nvidia.com/gpu": "1"}),
        ({"resources": {"gpus": 0}}, {}),
        ({"resources": {"gpus": 0, "cpu": "2"}}, {"cpu": "2"}),
        (FULL, {"cpu": "4", "memory": "8Gi", "nvidia.com/gpu": "2"}),
        ({"resources": {"gpus": 3, "gpuResource": "amd.com/gpu"}}, {"amd.com/gpu": "3"}),
    ],
)
def test_a_training_asks_for_what_the_spec_says(spec: Body, limits: dict[str, str]) -> None:
    assert container(spec)["resources"] == {"requests": limits, "limits": limits}


@pytest.mark.parametrize("spec", [{}, FULL])
def test_a_check_asks_for_no_device_and_goes_anywhere(spec: Body) -> None:
    settings = Settings(trainer_image="x", check_cpu="3", check_memory="5Gi")
    whole = pod(spec, CHECK, settings=settings)
    assert whole["containers"][0]["resources"] == {
        "requests": {"cpu": "3", "memory": "5Gi"},
        "limits": {"memory": "5Gi"},
    }
    assert not whole.keys() & {"nodeSelector", "tolerations", "priorityClassName"}
    assert "shm" not in {volume["name"] for volume in whole["volumes"]}


def test_placement() -> None:
    whole = pod({"resources": {**FULL["resources"], "priorityClassName": "high"}})
    assert whole["nodeSelector"] == {"a": "b"}
    assert whole["tolerations"][0]["operator"] == "Exists"
    assert (whole["priorityClassName"], whole["serviceAccountName"]) == ("high", "trainer")
    assert "nodeSelector" not in pod()


@pytest.mark.parametrize("stage", [CHECK, TRAIN])
@pytest.mark.parametrize(
    ("named", "default", "account"),
    [(None, None, None), (None, "ours", "ours"), ("own", "ours", "own"), ("own", None, "own")],
)
def test_the_account_is_the_specs_else_the_operators(
    named: str | None, default: str | None, account: str | None, stage: ChildStage
) -> None:
    settings = Settings(trainer_image="x", trainer_account=default)
    resources = {} if named is None else {"serviceAccountName": named}
    found = pod({"resources": resources}, stage, settings=settings)
    assert found.get("serviceAccountName") == account


@pytest.mark.parametrize("stage", [CHECK, TRAIN])
def test_claims_are_mounted_once_and_only_read(stage: ChildStage) -> None:
    whole = pod(CLAIMS, stage)
    volumes = {one["name"]: one for one in whole["volumes"] if one["name"] != "tmp"}
    sources = [one["persistentVolumeClaim"] for one in volumes.values()]
    assert [(one["claimName"], one["readOnly"]) for one in sources] == [
        ("models", True),
        ("pairs", True),
    ]
    mounts = [one for one in whole["containers"][0]["volumeMounts"] if one["name"] in volumes]
    assert [(one["mountPath"], one["readOnly"]) for one in mounts] == [
        ("/claims/models", True),
        ("/claims/pairs", True),
    ]


def test_shared_memory() -> None:
    (volume,) = [one for one in pod(FULL)["volumes"] if one["name"] == "shm"]
    assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Gi"}
    assert {"name": "shm", "mountPath": "/dev/shm"} in container(FULL)["volumeMounts"]


@pytest.mark.parametrize("stage", [CHECK, TRAIN])
def test_the_whole_order_is_one_document(stage: ChildStage) -> None:
    found = environment(FULL, stage, annotations=COMMITTED)
    document = RunDocument.model_validate_json(found["PREFERENCE_RUN"])
    job = read_job(preference_job(spec=FULL))
    assert (document.namespace, document.name) == job.key
    assert document.spec == job.spec
    assert document.resolved == (None if stage is CHECK else RESOLVED)
    assert (document.origin.commit, document.origin.repository) == ("c0ffee", "https://git/x")
    assert not document.local
    assert (found["PREFERENCE_PORT"], found["HOME"]) == ("8080", "/tmp")
    assert container(stage=stage)["args"] == [stage]


@pytest.mark.parametrize("garbage", ["", "x" * 9999, "\x00\n\u2028"])
def test_annotations_that_are_no_commit_are_no_reason_to_stop(garbage: str) -> None:
    found = environment(annotations={"preference.dev/commit": garbage})
    commit = json.loads(found["PREFERENCE_RUN"]).get("origin", {}).get("commit", "")
    assert garbage.startswith(commit)


def test_credentials_come_from_the_secret_alone() -> None:
    taken = {
        one["name"]: one["valueFrom"]["secretKeyRef"]
        for one in container(FULL)["env"]
        if "valueFrom" in one
    }
    assert taken == {
        "AWS_ACCESS_KEY_ID": {"name": "bucket", "key": "AWS_ACCESS_KEY_ID"},
        "AWS_SECRET_ACCESS_KEY": {"name": "bucket", "key": "AWS_SECRET_ACCESS_KEY"},
        "AWS_SESSION_TOKEN": {"name": "bucket", "key": "AWS_SESSION_TOKEN", "optional": True},
        "HF_TOKEN": {"name": "bucket", "key": "HF_TOKEN", "optional": True},
    }
    assert not any("valueFrom" in one for one in container()["env"])


def test_dollars_arrive_as_they_were_written() -> None:
    pairs = {"uri": "s3://bucket/pairs.jsonl", "prompt": {"system": "$(HOME) costs $$5 or $5"}}
    spec = {"dataset": pairs}
    [run] = [one["value"] for one in container(spec)["env"] if one["name"] == "PREFERENCE_RUN"]
    # The rule of core/v1 EnvVar: two are one, and one before a bracket is a variable.
    arrives = run.replace("$$", "\0")
    assert "$" not in arrives
    told = json.loads(arrives.replace("\0", "$"))
    assert told["spec"]["dataset"]["prompt"]["system"] == "$(HOME) costs $$5 or $5"


@pytest.mark.parametrize(
    ("spec", "image"), [({}, SETTINGS.trainer_image), ({"image": "ours/x"}, "ours/x")]
)
def test_the_image(spec: Body, image: str) -> None:
    settings = SETTINGS.model_copy(update={"image_pull_policy": "Never", "stop_seconds": 7})
    assert container(spec, settings=settings)["image"] == image
    assert container(spec, settings=settings)["imagePullPolicy"] == "Never"
    assert pod(spec, settings=settings)["terminationGracePeriodSeconds"] == 7
