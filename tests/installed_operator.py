"""The operator as its chart installs it, run by the node of the tests."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import helm_chart
from control_plane import ControlPlane
from helm_chart import CHART, NAMESPACE, RELEASE, Release
from real_cluster import Cluster

_LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{RELEASE}"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_AGGREGATED = "rbac.authorization.k8s.io/aggregate-to-"
_WAIT = ("--wait", "--timeout=3m")

Rule = tuple[str, str, str, str]
"""API group, resource, verb, and the name that it is for where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledOperator:
    """A release on a cluster, all its pods ready at first."""

    cluster: Cluster
    release: Release

    @property
    def leader(self) -> str:
        """Name of the pod that holds the Lease; empty where none does."""
        lease = self.cluster.plane.ask("GET", _LEASE)
        return str(lease["spec"].get("holderIdentity") or "")

    @property
    def pods(self) -> Mapping[str, bool]:
        """Names of the pods that are not on their way out, and whether each is ready."""
        found = self.cluster.plane.ask("GET", _PODS)["items"]
        staying = [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]
        return {pod["metadata"]["name"]: _ready(pod) for pod in staying}

    @property
    def rules(self) -> set[Rule]:
        """What the chart lets the operator do."""
        roles = ("ClusterRole", "Role")
        found = [one for one in helm_chart.documents(self.release.values) if one["kind"] in roles]
        own = [role for role in found if not _for_people(role)]
        return {rule for role in own for entry in role["rules"] for rule in _rules(entry)}

    def logs(self, pod: str) -> str:
        """What a pod has written."""
        return self.cluster.logs(NAMESPACE, pod)

    def delete(self, pod: str) -> None:
        """Delete a pod, and do not wait until it is gone."""
        self.cluster.plane.ask("DELETE", f"{_PODS}/{pod}")


@contextmanager
def installed(
    cluster: Cluster, values: Mapping[str, Any], *, endpoints: Iterable[str]
) -> Iterator[InstalledOperator]:
    """The chart, installed by helm in a namespace that takes `restricted` pods only.

    Args:
        cluster: Where to.
        values: Of the chart, beside the images of the tests.
        endpoints: Of storage that PreferenceJobs may name.
    """
    cluster.make_namespace(NAMESPACE)
    release = Release(cluster.plane, chart_values(cluster, values, endpoints))
    release.install(CHART, *_WAIT)
    yield InstalledOperator(cluster=cluster, release=release)
    if release.installed:
        release.uninstall()


def chart_values(
    cluster: Cluster, values: Mapping[str, Any], endpoints: Iterable[str]
) -> dict[str, Any]:
    """Values of the chart with the images of the tests, which no registry has."""
    trainer = {"image": _image(cluster.trainer), **values.get("trainer", {})}
    policy = {"endpoints": list(endpoints)}
    return {**values, "image": _image(cluster.operator), "trainer": trainer, "policy": policy}


def await_rollout(plane: ControlPlane) -> None:
    """Return once the Deployment runs as it was written last."""
    where = (f"deployment/{RELEASE}", "-n", NAMESPACE, "--timeout=180s")
    plane.kubectl("rollout", "status", *where)


def _image(name: str) -> dict[str, str]:
    repository, _, tag = name.rpartition(":")
    return {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"}


def _for_people(role: Mapping[str, Any]) -> bool:
    """Whether the cluster's own roles take it over."""
    return any(label.startswith(_AGGREGATED) for label in role["metadata"]["labels"])


def _rules(entry: Mapping[str, Any]) -> Iterator[Rule]:
    for group in entry["apiGroups"]:
        for resource in entry["resources"]:
            for verb in entry["verbs"]:
                for name in entry.get("resourceNames", [""]):
                    yield group, resource, verb, name


def _ready(pod: Any) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
