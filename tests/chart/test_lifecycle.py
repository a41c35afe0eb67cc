"""Install, upgrade and uninstall by the real helm: what is there, what stays, what goes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import helm_chart
from awaiting import until
from control_plane import ControlPlane
from helm_chart import ACCOUNT, CHART, NAMESPACE, Body, HelmFailed, Release
from preference_api import crd
from preference_api.v1alpha1 import API_VERSION, GROUP
from preference_jobs import PreferenceJobs

pytestmark = pytest.mark.cluster

Name = tuple[str, str, str]
KIND = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd.NAME}"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{ACCOUNT}"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{ACCOUNT}"
# Written all the time by the control plane itself.
PASSING = {"events", "leases", "endpointslices", "endpoints", "replicasets", "pods"}
VALUES: Body = {"trainer": {"namespaces": ["team"]}}


def everything(plane: ControlPlane) -> set[Name]:
    """Every object of the cluster as resource, namespace and name, but those that come and go."""
    groups = [group["preferredVersion"] for group in plane.ask("GET", "/apis")["groups"]]
    paths = ["/api/v1", *(f"/apis/{version['groupVersion']}" for version in groups)]
    return {name for path in paths for name in _of_group(plane, path)}


def _of_group(plane: ControlPlane, path: str) -> Iterator[Name]:
    status, answer = plane.request("GET", path)
    for resource in answer["resources"] if status == 200 else ():
        kind = resource["name"]
        if "list" in resource["verbs"] and kind not in PASSING:
            for item in plane.ask("GET", f"{path}/{kind}")["items"]:
                metadata = item["metadata"]
                yield kind, metadata.get("namespace", ""), metadata["name"]


@pytest.fixture(scope="module")
def before(plane: ControlPlane) -> set[Name]:
    """What the cluster holds without the chart; the release's namespace is there already."""
    plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    for namespace in (NAMESPACE, "team"):
        path = f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"
        until(lambda path=path: plane.request("GET", path)[0] == 200)  # type: ignore[misc]
    return everything(plane)


@pytest.fixture
def release(plane: ControlPlane, before: set[Name]) -> Iterator[Release]:
    """A release that is not installed yet; nothing of it is left after the test."""
    found = Release(plane, VALUES)
    yield found
    if found.installed:
        found.uninstall()
    plane.request("DELETE", KIND)
    until(lambda: everything(plane) == before)


def served(plane: ControlPlane) -> PreferenceJobs:
    """The PreferenceJobs of a team, once the kind is served."""
    until(lambda: plane.request("GET", f"/apis/{API_VERSION}/{crd.PLURAL}")[0] == 200)
    return PreferenceJobs(plane, "team")


def older(folder: Path) -> Path:
    """The chart as an earlier version, whose kind has a field less."""
    return helm_chart.of_version(
        folder, "0.0.1", lambda fields: fields.pop("ttlSecondsAfterFinished")
    )


def test_uninstalling_leaves_the_kind_and_its_objects(
    plane: ControlPlane, release: Release, before: set[Name]
) -> None:
    release.install()
    served(plane).create("kept", storage={})
    release.uninstall()
    kept = {
        ("customresourcedefinitions", "", crd.NAME),
        ("apiservices", "", f"v1alpha1.{GROUP}"),
        (crd.PLURAL, "team", "kept"),
    }
    until(lambda: everything(plane) - before == kept)
    assert before <= everything(plane)
    assert plane.request("GET", LEASE)[0] == 404


def test_a_kept_kind_is_taken_over_by_the_next_release(
    plane: ControlPlane, release: Release
) -> None:
    release.install()
    served(plane).create("kept")
    release.uninstall()
    release.install()
    assert served(plane).exists("kept")


def test_without_keep_the_kind_goes_too(
    plane: ControlPlane, release: Release, before: set[Name]
) -> None:
    Release(plane, {**VALUES, "crds": {"keep": False}}).install()
    served(plane)
    release.uninstall()
    until(lambda: everything(plane) == before)


def test_a_kind_of_another_way_is_taken_over_when_told(
    plane: ControlPlane, release: Release
) -> None:
    plane.kubectl("apply", "-f", str(crd.FILE.path))
    with pytest.raises(HelmFailed, match="cannot be imported into the current release"):
        release.install()
    release.install(CHART, "--take-ownership", "--force-conflicts")
    assert "Helm" in str(plane.ask("GET", KIND)["metadata"]["labels"])


def test_an_upgrade_changes_kind_and_operator_and_keeps_objects(
    plane: ControlPlane, release: Release, tmp_path: Path
) -> None:
    release.install(older(tmp_path))
    job = served(plane).create("kept", ttlSecondsAfterFinished=60)
    assert "ttlSecondsAfterFinished" not in job["spec"]
    release.upgrade(values={**VALUES, "image": {"tag": "0.2.0"}})
    jobs = served(plane)
    until(
        lambda: "ttlSecondsAfterFinished" in jobs.edit("kept", ttlSecondsAfterFinished=60)["spec"]
    )
    assert jobs.get("kept")["metadata"]["uid"] == job["metadata"]["uid"]
    containers = plane.ask("GET", DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == "preference-operator:0.2.0"


def test_the_same_upgrade_again_changes_nothing(plane: ControlPlane, release: Release) -> None:
    release.install()
    names: list[tuple[str, Any]] = [
        (path, plane.ask("GET", path)["metadata"]["generation"]) for path in (KIND, DEPLOYMENT)
    ]
    release.upgrade()
    for path, generation in names:
        assert plane.ask("GET", path)["metadata"]["generation"] == generation


def test_who_leads_is_not_overwritten_by_an_upgrade(plane: ControlPlane, release: Release) -> None:
    release.install()
    lease = plane.ask("GET", LEASE)
    plane.ask("PUT", LEASE, {**lease, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}})
    release.upgrade()
    assert plane.ask("GET", LEASE)["spec"]["holderIdentity"] == "a"


def test_releases_stand_beside_one_another(
    plane: ControlPlane, release: Release, before: set[Name]
) -> None:
    release.install()
    served(plane)
    alone = everything(plane)
    apart = {"crds": {"enabled": False}, "rbac": {"aggregate": False}, "watchNamespaces": ["other"]}
    second = Release(plane, apart, name="second")
    second.install()
    own = everything(plane) - alone
    second.uninstall()
    assert {namespace for _kind, namespace, _name in own} == {"", NAMESPACE, "other"}
    until(lambda: everything(plane) == alone)


def test_bounds_are_loosened_by_an_upgrade(plane: ControlPlane, release: Release) -> None:
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
    release.install()
    release.upgrade(values={**VALUES, "policy": {"actions": ["Warn", "Audit"]}})
    binding = plane.ask("GET", f"{path}/{ACCOUNT}-preferencejobs")
    assert binding["spec"]["validationActions"] == ["Warn", "Audit"]


def test_a_wrong_value_changes_nothing(
    plane: ControlPlane, release: Release, before: set[Name]
) -> None:
    with pytest.raises(HelmFailed, match="at '/replicas'"):
        Release(plane, {"replicas": "many"}).install()
    assert everything(plane) == before
