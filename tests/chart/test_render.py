"""What the chart renders: taken by the API server, one with the operator, and nothing weak."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_variants import ALL_ON, CLOSED, DIGEST, VARIANTS
from control_plane import ControlPlane
from helm_chart import (
    CHART,
    NAMESPACE,
    Body,
    HelmFailed,
    documents,
    environment,
    helm,
    only,
    settings,
    template,
)
from preference_api import crd
from preference_operator.settings import PREFIX, Settings

MANIFESTS = CHART.parents[1] / "operator" / "manifests"


@pytest.fixture(scope="module")
def ready(plane: ControlPlane) -> ControlPlane:
    """The namespace of the release, as it is told to be, and the kinds of Prometheus."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": NAMESPACE, "labels": labels}
    status, _ = plane.request("POST", "/api/v1/namespaces", {"metadata": metadata})
    assert status in (201, 409)
    kinds = Path(__file__).parent / "monitoring_crds.yaml"
    plane.kubectl("apply", "--server-side", "-f", str(kinds))
    plane.kubectl("wait", "--for=condition=Established", "-f", str(kinds))
    return plane


@pytest.mark.parametrize("variant", VARIANTS)
def test_lint_finds_nothing(variant: str) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, values=VARIANTS[variant])


@pytest.mark.cluster
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_api_server_takes_every_document_without_a_warning(
    ready: ControlPlane, variant: str
) -> None:
    # A dry run makes no service account, and pods are refused without theirs.
    manifests = template(VARIANTS[variant]).replace(
        "\n  serviceAccountName: ", "\n  serviceAccountName: default # "
    )
    options = ("--server-side", "--dry-run=server", "--validate=strict")
    told = ready.kubectl(*("apply", *options, "--warnings-as-errors", "-f", "-"), stdin=manifests)
    assert len(told.splitlines()) == len(documents(VARIANTS[variant]))


@pytest.mark.cluster
@pytest.mark.parametrize("variant", VARIANTS)
def test_pods_pass_the_restricted_standard(ready: ControlPlane, variant: str) -> None:
    template = only(documents(VARIANTS[variant]), "Deployment")["spec"]["template"]
    pod = {**template, "metadata": {**template["metadata"], "name": "operator"}}
    pod["spec"] = {**pod["spec"], "serviceAccountName": "default"}
    pod["spec"].pop("priorityClassName", None)
    path = f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All"
    status, answer = ready.request("POST", path, pod)
    assert status == 201, answer


@pytest.mark.parametrize(("version", "taken"), [("1.32.9", False), ("1.33.0", True)])
def test_clusters_without_what_jobs_need_are_refused(version: str, taken: bool) -> None:
    render = ("template", "release", CHART, "--kube-version", version)
    if taken:
        assert helm(*render)
        return
    with pytest.raises(HelmFailed, match="incompatible with Kubernetes"):
        helm(*render)


def test_the_kind_is_byte_for_byte_the_generated_one() -> None:
    assert crd.rendered() in template({"crds": {"keep": False}})


def test_the_kind_is_kept_by_an_annotation_and_otherwise_the_same() -> None:
    found = only(documents(), "CustomResourceDefinition")
    assert found["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert found == crd.custom_resource_definition()


def test_the_kind_can_be_left_out() -> None:
    assert "CustomResourceDefinition" not in template({"crds": {"enabled": False}})


def roles(objects: list[Body]) -> list[Any]:
    return [one["rules"] for one in objects if one["kind"] in ("Role", "ClusterRole")]


def test_rights_are_those_of_the_operators_manifests() -> None:
    shipped = list(yaml.safe_load_all((MANIFESTS / "rbac.yaml").read_text()))
    rendered = documents({"rbac": {"aggregate": False}})
    assert sorted(map(str, roles(rendered))) == sorted(map(str, roles(shipped)))


def test_an_operator_of_some_namespaces_has_the_same_rights_in_those_only() -> None:
    everywhere = documents({"rbac": {"aggregate": False}})
    here = documents({"rbac": {"aggregate": False}, "watchNamespaces": ["team", "other"]})
    work = only(everywhere, "ClusterRole")["rules"]
    own = only(everywhere, "Role")["rules"]
    found = [(one["metadata"]["namespace"], one["rules"]) for one in here if one["kind"] == "Role"]
    assert found == [("team", work), ("other", work), (NAMESPACE, own)]
    assert not [one for one in here if one["kind"].startswith("ClusterRole")]


def test_without_rights_in_the_cluster_the_chart_has_objects_of_namespaces_only() -> None:
    values = {
        "watchNamespaces": ["team"],
        "crds": {"enabled": False},
        "rbac": {"aggregate": False},
        "policy": {"jobs": False, "preferenceJobs": False},
    }
    places = {one["metadata"].get("namespace", one["kind"]) for one in documents(values)}
    assert places == {NAMESPACE, "team"}


def test_every_setting_of_the_operator_comes_from_a_value() -> None:
    from_the_pod = {"identity", "lease_namespace", "kubeconfig"}
    names = {PREFIX + name.upper() for name in Settings.model_fields.keys() - from_the_pod}
    assert environment(documents()).keys() == names


def test_defaults_are_the_operators_own() -> None:
    own = {"identity", "lease_namespace"}
    trained_by = {"trainer_image": "preference-trainer:0.1.0"}
    assert settings().model_dump(exclude=own) == Settings(**trained_by).model_dump(exclude=own)


def test_large_numbers_reach_the_operator_as_they_are() -> None:
    large = {"trainer": {"stopSeconds": 8000000}, "resyncSeconds": 1000000.5}
    assert (settings(large).stop_seconds, settings(large).resync_seconds) == (8000000, 1000000.5)


def test_an_image_has_tag_and_digest() -> None:
    objects = documents(ALL_ON)
    (container,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"registry.example/operator:2@{DIGEST}"
    assert settings(ALL_ON).trainer_image == f"preference-trainer:0.1.0@{DIGEST}"


def test_variables_of_services_do_not_reach_the_operator() -> None:
    assert (
        only(documents(), "Deployment")["spec"]["template"]["spec"]["enableServiceLinks"] is False
    )


@pytest.mark.parametrize("replicas", [0, 1, 2])
def test_a_single_replica_never_blocks_a_drain(replicas: int) -> None:
    kinds = [one["kind"] for one in documents({"replicas": replicas})]
    assert ("PodDisruptionBudget" in kinds) == (replicas > 1)


def test_what_is_not_listed_is_closed() -> None:
    objects = documents(CLOSED)
    trainer = only(objects, "NetworkPolicy", "preference-operator-trainer")["spec"]
    assert not trainer["egress"]
    assert only(objects, "NetworkPolicy", "preference-operator")["spec"]["ingress"] == []


def test_storage_is_public_https_at_first() -> None:
    objects = documents({"trainer": {"namespaces": ["team"]}})
    _dns, storage = only(objects, "NetworkPolicy", "preference-operator-trainer")["spec"]["egress"]
    assert storage["ports"] == [{"port": 443}]
    assert "169.254.0.0/16" in storage["to"][0]["ipBlock"]["except"]


def test_more_objects_are_rendered_as_mappings_and_as_templates() -> None:
    names = [one["metadata"]["name"] for one in documents(ALL_ON) if one["kind"] == "ConfigMap"]
    assert sorted(names) == [
        "as-mapping",
        "of-preference-operator",
        "preference-operator-dashboard",
    ]
