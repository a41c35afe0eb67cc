"""Child Jobs, checked by the real API server."""

from typing import Any

import pytest

from cluster_calls import new_namespace
from control_plane import ControlPlane
from operator_builders import CHECK, RESOLVED, SETTINGS, TRAIN, UID, carried, preference_job
from preference_api.children import ChildStage
from preference_api.v1alpha1.status import Attempts
from preference_api.wire import JOB_UID_LABEL, RUN_LABEL, STAGE_LABEL
from preference_operator.bodies import Body
from preference_operator.children import (
    QUEUE_LABEL,
    SETTINGS_ANNOTATION,
    WANTED_ANNOTATION,
    attempts_before,
    child_job,
    wanted_hash,
)
from preference_operator.objects import read_job
from preference_operator.trainer_pod import Order

CLAIMS = {
    "model": {"uri": "pvc://models/base"},
    "dataset": {"uri": "pvc://pairs.of-team/a.jsonl", "evaluation": {"uri": "pvc://held-out/b"}},
}
PLACED = {
    "nodeSelector": {"pool": "gpu", "a.example/b": ""},
    "tolerations": [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "a", "value": "b"},
        {"operator": "Exists"},
        {"key": "c", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 3},
    ],
    "serviceAccountName": "trainer",
}
SPECS: dict[str, Body] = {
    "plain": {},
    "no gpu": {"resources": {"gpus": 0}},
    "gpus": {"resources": {"gpus": 8, "cpu": "16", "memory": "64Gi"}},
    "other gpus": {"resources": {"gpuResource": "amd.com/gpu", "cpu": "500m", "memory": "1500M"}},
    "shared memory": {"resources": {"gpus": 0, "memory": "8Gi", "sharedMemory": "2Gi"}},
    "placed": {"resources": PLACED},
    "claims": CLAIMS,
    "deadline": {"activeDeadlineSeconds": 3600},
    "no retries": {"restarts": {"failures": 0, "preemptions": 0}},
    "many retries": {"restarts": {"failures": 100}},
    "credentials": {"storage": {"credentialsSecret": {"name": "bucket"}}},
    "image": {"image": "ours/trainer@sha256:" + "0" * 64},
    "sft": {"sft": {"dataset": {"uri": "s3://bucket/demonstrations"}}},
}
LABELS = {
    QUEUE_LABEL: "team-queue",
    "kueue.x-k8s.io/priority-class": "high",
    "app.kubernetes.io/instance": "argo",
    "app.kubernetes.io/managed-by": "Helm",
    "preference.dev/job-uid": "stolen",
    "preference.dev/mine": "x",
}


def order(body: Body, stage: ChildStage = TRAIN, *, failures: int = 0) -> Order:
    job = read_job(body)
    assert job.spec is not None, job.fault
    return Order(
        job=job,
        spec=job.spec,
        stage=stage,
        run_hash=job.spec_hash,
        resolved=None if stage is CHECK else RESOLVED,
        attempts=Attempts(failures=failures, preemptions=7),
    )


def made(body: Body, stage: ChildStage = TRAIN, *, failures: int = 0) -> Body:
    return child_job(order(body, stage, failures=failures), SETTINGS)


@pytest.fixture(scope="module")
def place(api_server: ControlPlane) -> str:
    return new_namespace(api_server)


def kept(sent: Any, stored: Any) -> bool:
    """Whether everything that was sent is there; the API server adds defaults."""
    if isinstance(sent, dict):
        return all(kept(part, stored.get(name, {})) for name, part in sent.items())
    if isinstance(sent, list):
        return len(sent) == len(stored) and all(map(kept, sent, stored))
    return bool(sent == stored)


@pytest.mark.cluster
@pytest.mark.parametrize("stage", [CHECK, TRAIN])
@pytest.mark.parametrize("name", SPECS)
def test_the_api_server_takes_the_job(
    api_server: ControlPlane, place: str, name: str, stage: ChildStage
) -> None:
    manifest = made(preference_job(spec=SPECS[name], namespace=place, labels=LABELS), stage)
    path = f"/apis/batch/v1/namespaces/{place}/jobs?dryRun=All&fieldValidation=Strict"
    code, answer = api_server.request("POST", path, manifest)
    assert code == 201, answer
    assert kept(manifest, answer)


@pytest.mark.cluster
@pytest.mark.parametrize("stage", [CHECK, TRAIN])
@pytest.mark.parametrize("name", ["a", "a" * 63, "a-" * 31 + "b"])
def test_the_api_server_takes_every_name(
    api_server: ControlPlane, place: str, name: str, stage: ChildStage
) -> None:
    manifest = made(preference_job(name=name, namespace=place), stage)
    path = f"/apis/batch/v1/namespaces/{place}/jobs?dryRun=All"
    code, answer = api_server.request("POST", path, manifest)
    assert code == 201, answer


def test_the_queues_labels_alone_are_taken_over_and_by_the_training_alone() -> None:
    body = preference_job(labels=LABELS)
    own = {JOB_UID_LABEL: UID, RUN_LABEL: read_job(body).spec_hash}
    queue = {name: value for name, value in LABELS.items() if "kueue" in name}
    for stage, taken in ((CHECK, {}), (TRAIN, queue)):
        manifest = made(body, stage)
        assert manifest["metadata"]["labels"] == {**own, STAGE_LABEL: stage, **taken}
        template = manifest["spec"]["template"]["metadata"]
        assert template == {"labels": {**own, STAGE_LABEL: stage}}


def test_equal_orders_give_equal_manifests() -> None:
    body = preference_job(spec=CLAIMS, labels=LABELS)
    assert made(body) == made(body)
    assert list(made(body)["metadata"]["labels"]) == list(made(body)["metadata"]["labels"])


@pytest.mark.parametrize("stage", [CHECK, TRAIN])
def test_the_operators_default_account_changes_no_name_and_no_label(stage: ChildStage) -> None:
    wanted = order(preference_job(), stage)
    chosen = SETTINGS.model_copy(update={"trainer_account": "trainer"})
    plain, named = child_job(wanted, SETTINGS), child_job(wanted, chosen)
    assert plain != named
    notes = [one["metadata"].pop("annotations") for one in (plain, named)]
    assert plain["metadata"] == named["metadata"]
    assert {key for key in notes[0] if notes[0][key] != notes[1][key]} == {SETTINGS_ANNOTATION}
    assert plain["spec"]["template"]["metadata"] == named["spec"]["template"]["metadata"]


def test_a_job_is_owned_without_a_hold_on_its_owner() -> None:
    (owner,) = made(preference_job())["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "preference.dev/v1alpha1",
        "kind": "PreferenceJob",
        "name": "job",
        "uid": UID,
        "controller": True,
    }


def test_what_the_job_controller_makes_of_an_end() -> None:
    spec = made(preference_job())["spec"]
    rules = spec["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in rules] == ["Ignore", "Ignore", "FailJob"]
    assert rules[0]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert [rule["onExitCodes"]["values"] for rule in rules[1:]] == [[75], [2, 3, 4, 6]]
    assert (spec["podReplacementPolicy"], spec["completionMode"]) == ("Failed", "Indexed")


@pytest.mark.parametrize(("used", "left"), [(0, 3), (2, 1), (3, 0), (9, 0)])
def test_the_budget_that_is_left(used: int, left: int) -> None:
    manifest = made(preference_job(), failures=used)
    assert manifest["spec"]["backoffLimitPerIndex"] == left
    assert carried(manifest) == Attempts(failures=used, preemptions=7)


@pytest.mark.parametrize("annotations", [None, {}, {"preference.dev/attempts": "x"}])
def test_a_job_without_the_annotation_begins_at_nothing(annotations: Any) -> None:
    assert attempts_before(annotations) == Attempts()


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        ({"suspend": True}, True),
        ({"ttlSecondsAfterFinished": 9}, True),
        ({"retrain": {"historyLimit": 3}}, True),
        ({"restarts": {"failures": 3}}, True),
        ({"restarts": {"failures": 4}}, False),
        ({"resources": {"memory": "9Gi"}}, False),
        ({"storage": {"region": "eu"}}, False),
        ({"activeDeadlineSeconds": 9}, False),
    ],
)
def test_what_a_job_takes_over(edit: Body, same: bool) -> None:
    hashes = {wanted_hash(order(preference_job(spec=spec)).spec, {}) for spec in ({}, edit)}
    assert (len(hashes) == 1) is same


@pytest.mark.parametrize(("stage", "same"), [(CHECK, True), (TRAIN, False)])
def test_a_training_takes_over_its_queue(stage: ChildStage, same: bool) -> None:
    bodies = [preference_job(labels={**LABELS, QUEUE_LABEL: name}) for name in ("one", "two")]
    asked = {made(body, stage)["metadata"]["annotations"][WANTED_ANNOTATION] for body in bodies}
    assert (len(asked) == 1) is same


def test_labels_of_nobodys_queue_ask_for_nothing_new() -> None:
    spec = order(preference_job()).spec
    labelled = preference_job(labels={"app.kubernetes.io/instance": "argo"})
    asked = made(labelled)["metadata"]["annotations"][WANTED_ANNOTATION]
    assert asked == wanted_hash(spec, {})


@pytest.mark.parametrize(
    ("stage", "labels", "held"),
    [
        (TRAIN, LABELS, True),
        (CHECK, LABELS, False),
        (TRAIN, {}, False),
        (TRAIN, {"kueue.x-k8s.io/priority-class": "high"}, False),
    ],
)
def test_a_job_for_a_queue_begins_suspended(
    stage: ChildStage, labels: dict[str, str], held: bool
) -> None:
    assert made(preference_job(labels=labels), stage)["spec"].get("suspend", False) is held
