"""Kueue in the tests, and Jobs as the operator makes them before one without webhooks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import control_plane
import kueue_manager
import pods
from awaiting import until
from control_plane import ControlPlane
from kueue_manager import QUEUE_LABEL, Kueue
from operator_builders import RESOLVED, SETTINGS, preference_job
from plane_objects import make_namespace
from pods import Kubelet
from preference_api.children import ChildStage
from preference_operator.children import child_job
from preference_operator.objects import read_job
from preference_operator.trainer_pod import Order

pytestmark = pytest.mark.cluster

NAMESPACE, QUEUE = "team", "shared"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "kueue.md"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("plane")
    with control_plane.running(folder, controller_manager=True) as plane:
        pods.add_node(plane)
        make_namespace(plane, NAMESPACE)
        yield plane


@pytest.fixture(scope="module")
def kueue(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kueue]:
    folder = tmp_path_factory.mktemp("kueue")
    with kueue_manager.running(plane, folder, webhooks=False) as kueue:
        kueue.flavor("any")
        kueue.queue(NAMESPACE, QUEUE, flavor="any", gpus=1)
        yield kueue


def made(plane: ControlPlane, name: str) -> str:
    """Make the training Job of a PreferenceJob in the queue; its name."""
    job = read_job(preference_job(name=name, namespace=NAMESPACE, labels={QUEUE_LABEL: QUEUE}))
    assert job.spec is not None
    stage = ChildStage.TRAIN
    order = Order(job=job, spec=job.spec, stage=stage, run_hash=job.spec_hash, resolved=RESOLVED)
    manifest = child_job(order, SETTINGS)
    # Its owner does not exist here, and the garbage collector would take it away.
    del manifest["metadata"]["ownerReferences"]
    plane.ask("POST", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs", manifest)
    return str(manifest["metadata"]["name"])


def reasons(plane: ControlPlane, name: str) -> set[str]:
    """Reasons of the Events about an object."""
    path = f"/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events"
    events = plane.ask("GET", f"{path}?fieldSelector=regarding.name={name}")["items"]
    return {event["reason"] for event in events}


def test_the_documented_queue_is_one(kueue: Kueue) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [manifests] = [block for block in blocks if "ClusterQueue" in block]
    taken = kueue.plane.kubectl("apply", "--dry-run=server", "-f", "-", stdin=manifests)
    assert len(taken.splitlines()) == 4


def test_without_webhooks_no_pod_begins_before_its_admission(kueue: Kueue) -> None:
    plane, kubelet = kueue.plane, Kubelet(kueue.plane, NAMESPACE)
    first, second = made(plane, "first"), made(plane, "second")
    pod = kubelet.await_pod(first)
    until(lambda: len(kueue.workloads(NAMESPACE)) == 2)
    workloads = {one["metadata"]["name"] for one in kueue.workloads(NAMESPACE)}
    [waits] = [name for name in workloads if second in name]
    until(lambda: "Pending" in reasons(plane, waits))
    assert "SuccessfulCreate" not in reasons(plane, second)
    kubelet.run(pod)
    kubelet.finish(pod, 0)
    kubelet.await_pod(second)
    assert kueue.process.alive
