"""The release is upgraded under a training, tested, and uninstalled: the last things to happen."""

from typing import Any

import pytest

import helm_chart
import installed_operator
import node
from helm_chart import NAMESPACE, RELEASE, helm
from installed_operator import InstalledOperator
from preference_api import crd
from real_cluster import Cluster
from team_space import TeamSpace

pytestmark = pytest.mark.node

LONG = {"steps": 60, "batchSize": 32, "microBatchSize": 2, "gradientCheckpointing": False}
NEXT = "next"
"""Tag of the images that the release is upgraded to."""


@pytest.fixture(scope="module")
def upgraded(
    cluster: Cluster, operator: InstalledOperator, team_space: TeamSpace, tmp_path_factory: Any
) -> dict[str, Any]:
    """What stood before a release was upgraded to other images and a kind with one more field."""
    team_space.apply("done", training={"steps": 1})
    team_space.wait("done", "condition=Succeeded")
    team_space.apply("going", training=LONG, checkpoints={"everySteps": 20})
    team_space.wait("going", "condition=CheckpointAvailable")
    before = {
        "done": team_space.jobs.get("done"),
        "pod": team_space.pods("going", stage="train")[0],
        "jobs": names(team_space),
    }
    values = newer_images(operator.release.values)
    more = {"more": {"type": "string"}}
    folder = tmp_path_factory.mktemp("chart")
    chart = helm_chart.of_version(folder, "99.0.0", lambda fields: fields.update(more))
    place = ("--namespace", NAMESPACE, "--kubeconfig", cluster.plane.kubeconfig, "--wait")
    helm("upgrade", RELEASE, chart, *place, values=values)
    installed_operator.await_rollout(cluster.plane)
    return before


def newer_images(values: Any) -> dict[str, Any]:
    """The values with both images under another tag, which the node holds."""
    for image in (values["image"], values["trainer"]["image"]):
        node.tag(f"{image['repository']}:{image['tag']}", f"{image['repository']}:{NEXT}")
    trainer = {**values["trainer"], "image": {**values["trainer"]["image"], "tag": NEXT}}
    return {**values, "image": {**values["image"], "tag": NEXT}, "trainer": trainer}


def names(team_space: TeamSpace) -> list[str]:
    """Names of the Jobs in the namespace."""
    return sorted(team_space.kubectl("get", "jobs", "-o", "name").split())


def test_an_upgrade_disturbs_no_training_and_starts_none(
    upgraded: dict[str, Any], team_space: TeamSpace
) -> None:
    team_space.wait("going", "condition=Succeeded")
    [pod] = team_space.pods("going", stage="train")
    assert pod["metadata"]["uid"] == upgraded["pod"]["metadata"]["uid"]
    assert names(team_space) == upgraded["jobs"]


def test_what_was_finished_stays_as_it_was(upgraded: dict[str, Any], team_space: TeamSpace) -> None:
    done, before = team_space.jobs.get("done"), upgraded["done"]
    assert (done["status"], done["spec"]) == (before["status"], before["spec"])
    assert done["metadata"]["generation"] == before["metadata"]["generation"]


def test_the_new_operator_takes_the_new_image_and_field(
    upgraded: dict[str, Any], team_space: TeamSpace
) -> None:
    team_space.apply("next", training={"steps": 2})
    team_space.wait("next", "condition=Succeeded")
    images = {pod["spec"]["containers"][0]["image"] for pod in team_space.pods("next")}
    assert {image.rpartition(":")[2] for image in images} == {NEXT}
    team_space.jobs.edit("next", more="x")
    assert team_space.jobs.get("next")["spec"]["more"] == "x"


@pytest.mark.usefixtures("upgraded")
def test_the_charts_own_test_passes(cluster: Cluster) -> None:
    place = ("--namespace", NAMESPACE, "--kubeconfig", cluster.plane.kubeconfig)
    assert "Phase:          Succeeded" in helm("test", RELEASE, *place, "--timeout", "2m")


def test_uninstalled_it_leaves_what_was_to_be_kept(
    upgraded: dict[str, Any], cluster: Cluster, operator: InstalledOperator, team_space: TeamSpace
) -> None:
    operator.release.uninstall()
    label = f"--selector=app.kubernetes.io/instance={RELEASE}"
    kinds = cluster.plane.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    cluster.plane.kubectl("wait", "pods", "-n", NAMESPACE, label, "--for=delete")
    assert left(cluster, label, kinds) == set()
    assert cluster.plane.kubectl("get", "crd", crd.NAME, "--no-headers")
    assert team_space.jobs.is_true("Succeeded", "going")
    assert set(upgraded["jobs"]) <= set(names(team_space))


def left(cluster: Cluster, label: str, kinds: list[str]) -> set[str]:
    """Objects of the release, in all namespaces, but what only follows others."""
    following = ("endpoints", "events", "events.events.k8s.io")
    wanted = ",".join(kind for kind in kinds if kind not in following)
    found = cluster.plane.kubectl("get", wanted, "--all-namespaces", label, "-o", "name")
    return set(found.split())
