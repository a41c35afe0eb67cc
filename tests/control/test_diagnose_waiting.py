from typing import Any

import pytest

from diagnose_cases import WAITING
from pod_states import IMAGE, NAME, Body, container, pod, stuck, unscheduled
from preference_operator.diagnose import Reason, waiting

GATED = unscheduled("Scheduling is blocked", reason="SchedulingGated")
TAIL = " preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."


@pytest.mark.parametrize(("reason", "body"), WAITING.values(), ids=WAITING)
def test_reason(reason: Reason, body: Body) -> None:
    found = waiting(body)
    assert found is not None
    assert found.reason == reason
    assert NAME in found.message
    assert found.remedy


@pytest.mark.parametrize(
    "body",
    [
        pod(),
        pod(conditions=[{"type": "PodScheduled", "status": "True"}]),
        unscheduled(""),
        stuck("ContainerCreating"),
        stuck("PodInitializing"),
        pod("Running", containerStatuses=[container("running", startedAt="2026-01-31T10:00:00Z")]),
        pod("Failed", containerStatuses=[container("waiting", reason="ErrImagePull")]),
        pod("Succeeded", containerStatuses=[container("waiting", reason="ErrImagePull")]),
    ],
    ids=["new", "scheduled", "no words", "creating", "init", "running", "failed", "done"],
)
def test_nothing_keeps_it(body: Body) -> None:
    assert waiting(body) is None


def test_another_container_holds_nothing_up_once_the_trainer_runs() -> None:
    sidecar = container("waiting", name="mesh", reason="ImagePullBackOff", message="denied")
    trainer = container("running", startedAt="2026-01-31T10:00:00Z")
    assert waiting(pod("Running", containerStatuses=[sidecar, trainer])) is None


def test_another_container_is_named() -> None:
    mesh = container("waiting", name="mesh", reason="ImagePullBackOff", message="denied")
    trainer = container("waiting", reason="PodInitializing")
    found = waiting(pod(initContainerStatuses=[mesh], containerStatuses=[trainer]))
    assert found is not None
    assert found.message.startswith(f"container mesh of pod {NAME} waits for image {IMAGE}: ")


@pytest.mark.parametrize(
    ("message", "told", "remedies"),
    [
        ("1 Insufficient nvidia.com/gpu.", "1 Insufficient nvidia.com/gpu", ["resources.gpus"]),
        ("1 Insufficient memory.", "1 Insufficient memory", ["_CHECK_CPU"]),
        ("1 Insufficient example.org/gpu-2", "", ["gpuResource"]),
        ("1 node(s) had untolerated taint {gpu: h100}.", "", ["tolerations"]),
        (
            "1 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint(s).",
            "",
            ["spec.resources.gpus", "spec.resources.tolerations"],
        ),
        ("1 node(s) didn't match Pod's node affinity/selector.", "", ["nodeSelector"]),
        ("pod has unbound immediate PersistentVolumeClaims.", "", ["the claim"]),
        ('persistentvolumeclaim "models" not found.', 'claim "models" not found', ["the claim"]),
        ("1 node(s) had volume node affinity conflict.", "", ["the claim"]),
        ("1 node(s) were unschedulable.", "", ["uncordon"]),
        ("1 Too many pods. no new claims to deallocate,", "1 Too many pods", ["Add a node"]),
        ("no nodes available to schedule pods", "", ["Add a node"]),
    ],
)
def test_scheduler(message: str, told: str, remedies: list[str]) -> None:
    found = waiting(unscheduled(f"0/2 nodes are available: {message}{TAIL}"))
    assert found is not None
    assert found.message.endswith(told)
    assert "preemption:" not in found.message
    assert [words for words in remedies if words not in found.remedy] == []


def test_scheduler_that_has_no_word_on_preemption() -> None:
    found = waiting(unscheduled('persistentvolumeclaim "models" not found. not found'))
    assert found is not None
    assert found.message.endswith('claim "models" not found')


def test_kinds_of_resource_are_told_apart() -> None:
    device = waiting(unscheduled("1 Insufficient nvidia.com/gpu."))
    memory = waiting(unscheduled("1 Insufficient memory."))
    assert device is not None
    assert memory is not None
    assert "_CHECK_CPU" not in device.remedy
    assert "gpuResource" not in memory.remedy


def test_gates_are_named() -> None:
    found = waiting(GATED)
    assert found is not None
    assert found.message.endswith("scheduling gates: kueue.x-k8s.io/topology")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("failed to authorize: 401 Unauthorized", "imagePullSecrets"),
        ("docker.io/org/x:1: not found", "Correct spec.image"),
        ("dial tcp: lookup registry.example: no such host", "Correct the registry"),
        ("no match for platform in manifest", "architecture"),
        ("the disk is on fire", "Check spec.image"),
    ],
)
def test_image(words: str, remedy: str) -> None:
    found = waiting(stuck("ErrImagePull", words))
    assert found is not None
    assert IMAGE in found.message
    assert remedy in found.remedy


def test_message_of_a_pull_stays_the_same_between_two_tries() -> None:
    fault = "rpc error: code = NotFound desc = failed to resolve reference"
    tries: list[Any] = [
        waiting(stuck("ErrImagePull", fault)),
        waiting(
            stuck("ImagePullBackOff", f'Back-off pulling image "{IMAGE}": ErrImagePull: {fault}')
        ),
    ]
    assert tries[0] == tries[1]
    assert tries[0].message.endswith(": failed to resolve reference")


def test_secret_is_named() -> None:
    found = waiting(WAITING["secret"][1])
    assert found is not None
    assert found.message.endswith('secret "bucket" not found')
    assert "spec.storage.credentialsSecret" in found.remedy
