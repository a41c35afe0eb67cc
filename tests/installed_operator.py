"""The operator as its manifests install it, run by the node of the tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from operator_process import NAMESPACE
from preference_operator.settings import PREFIX
from real_cluster import Cluster

MANIFESTS = Path(__file__).resolve().parents[1] / "operator" / "manifests"
NAME = "preference-operator"
"""Of the Deployment, and of the Lease."""
_LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_ROLLOUT_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledOperator:
    """The operator's Deployment on a cluster, all its pods ready at first."""

    cluster: Cluster

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

    def logs(self, pod: str) -> str:
        """What a pod has written."""
        return self.cluster.logs(NAMESPACE, pod)

    def delete(self, pod: str) -> None:
        """Delete a pod, and do not wait until it is gone."""
        self.cluster.plane.ask("DELETE", f"{_PODS}/{pod}")


@contextmanager
def installed(cluster: Cluster, **settings: object) -> Iterator[InstalledOperator]:
    """What operator/manifests install, and nothing else.

    Args:
        cluster: Where to.
        settings: Options of the operator, by the names of the fields of its Settings.
    """
    kubectl, where = cluster.plane.kubectl, ("-n", NAMESPACE)
    kubectl("apply", "-f", str(MANIFESTS / "rbac.yaml"))
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump(deployment(cluster, settings)))
    timeout = f"--timeout={_ROLLOUT_SECONDS}s"
    kubectl("rollout", "status", f"deployment/{NAME}", *where, timeout)
    yield InstalledOperator(cluster=cluster)
    kubectl("delete", "deployment", NAME, *where, "--cascade=foreground")


def rules() -> set[tuple[str, str, str]]:
    """What the manifests let the operator do: API group, resource and verb."""
    documents = yaml.safe_load_all((MANIFESTS / "rbac.yaml").read_text())
    return {
        (group, resource, verb)
        for document in documents
        for rule in document.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def deployment(cluster: Cluster, settings: Mapping[str, object]) -> Any:
    """The Deployment that ships, with the images of the tests and some settings."""
    shipped = yaml.safe_load((MANIFESTS / "deployment.yaml").read_text())
    container = shipped["spec"]["template"]["spec"]["containers"][0]
    container["image"] = cluster.operator
    values = {f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
    values[f"{PREFIX}TRAINER_IMAGE"] = cluster.trainer
    container["env"] = [{"name": name, "value": value} for name, value in values.items()]
    return shipped


def _ready(pod: Any) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
