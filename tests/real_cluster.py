"""A cluster with a real node and the project's images, and what tests run in it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import control_plane
import images
import node
from awaiting import until
from control_plane import ControlPlane
from node_site import Site

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
_END = "{.status.containerStatuses[0].state.terminated}"
_PUBLISHED = ("serviceaccounts/default", "configmaps/kube-root-ca.crt")
_WAIT_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a container ended, as the kubelet tells it."""

    code: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A control plane with a node that is ready.

    Args:
        plane: The control plane, which knows PreferenceJobs and notes every request.
        operator: Name of the operator's image.
        trainer: Name of the trainer's image.
    """

    plane: ControlPlane
    operator: str
    trainer: str

    def make_namespace(self, name: str) -> None:
        """Make a namespace that takes `restricted` pods only, ready for pods."""
        metadata = {"name": name, "labels": RESTRICTED}
        self._ask("POST", "/api/v1/namespaces", {"metadata": metadata})
        paths = [f"/api/v1/namespaces/{name}/{thing}" for thing in _PUBLISHED]
        until(lambda: all(self.plane.request("GET", path)[0] == 200 for path in paths))

    def start(self, namespace: str, pod: dict[str, Any]) -> str:
        """Make a pod and return its name."""
        self._ask("POST", f"/api/v1/namespaces/{namespace}/pods", pod)
        name: str = pod["metadata"]["name"]
        return name

    def pod(self, namespace: str, name: str) -> dict[str, Any]:
        """A pod as it is."""
        found: dict[str, Any] = self._ask("GET", _path(namespace, name))
        return found

    def await_log(self, namespace: str, name: str, text: str) -> None:
        """Return once a pod has written a text."""
        self.plane.kubectl("wait", f"pod/{name}", "-n", namespace, "--for=condition=Ready")
        until(lambda: text in self.logs(namespace, name))

    def logs(self, namespace: str, name: str) -> str:
        """What a pod has written."""
        return self.plane.kubectl("logs", name, "-n", namespace)

    def evict(self, namespace: str, name: str) -> None:
        """Have a pod evicted through the eviction API, as a node that is drained does."""
        metadata = {"name": name, "namespace": namespace}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        self._ask("POST", f"{_path(namespace, name)}/eviction", body)

    def end(self, namespace: str, name: str) -> End:
        """How a pod's container ended, once it has."""
        options = (f"--for=jsonpath={_END}", f"--timeout={_WAIT_SECONDS}s")
        self.plane.kubectl("wait", f"pod/{name}", "-n", namespace, *options)
        statuses = self.pod(namespace, name)["status"]["containerStatuses"]
        ended = statuses[0]["state"]["terminated"]
        return End(code=ended["exitCode"], reason=ended["reason"], message=ended.get("message", ""))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.plane.request(method, path, body)
        assert status < 300, answer
        return answer


@contextmanager
def running(folder: Path, site: Site) -> Iterator[Cluster]:
    """A cluster whose node is ready, with the project's images on it.

    Args:
        folder: For the control plane.
        site: For the node.
    """
    sandbox = images.base()
    operator, trainer = images.built(images.OPERATOR), images.built(images.TRAINER)
    parts = {"controller_manager": True, "scheduler": True, "audit": True}
    with (
        control_plane.running(folder, pods=site.services, **parts) as plane,
        node.running(plane, sandbox=sandbox, pods=[operator, trainer], site=site),
    ):
        yield Cluster(plane=plane, operator=operator, trainer=trainer)


def pod(
    name: str,
    image: str,
    *,
    command: Sequence[str] = (),
    args: Sequence[str] = (),
    env: Mapping[str, str] = MappingProxyType({}),
    memory: str = "2Gi",
) -> dict[str, Any]:
    """A pod within Pod Security `restricted`: a read-only root file system, and /tmp to write."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "Never",
        "command": list(command),
        "args": list(args),
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "resources": {"limits": {"memory": memory}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    spec = {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    return {"metadata": {"name": name}, "spec": spec}


def _path(namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods/{name}"
