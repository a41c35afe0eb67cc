"""A real Kueue on a control plane: its kinds, its controllers and, where asked for, its webhooks.

Its manager is one process with ports and a certificate of its own, so that several test runs can
have one each. It is found and left out as the other programs are.
"""

import base64
import errno
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certificates
import credentials
import programs
from awaiting import until
from control_plane import ControlPlane
from plane_objects import make
from processes import Process, free_port, started

Body = dict[str, Any]

VERSION = "kueue.x-k8s.io/v1beta2"
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
PRIORITY_LABEL = "kueue.x-k8s.io/priority-class"
GPU = "nvidia.com/gpu"
MANIFESTS = "kueue-manifests"
METRICS_CERTIFICATE = Path("/etc/kueue/metrics/certs")
"""Where Kueue reads a certificate without which it does not start, wherever its metrics are."""
_ENOUGH = 1000
_SHIPPED_PORT = 39443
_SHIPPED_AUTHORITY = "CA_BUNDLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kueue:
    """Kueue's manager, and the objects that its administrator makes.

    Args:
        plane: Where it works.
        process: The manager.
    """

    plane: ControlPlane
    process: Process

    def flavor(self, name: str, **spec: Any) -> None:
        """Make a ResourceFlavor: a kind of node, with labels and tolerations for its pods."""
        self._make("ResourceFlavor", name, spec=spec)

    def queue(
        self, namespace: str, name: str, *, flavor: str, gpus: int, cpus: int = _ENOUGH
    ) -> None:
        """Make a LocalQueue and the ClusterQueue behind it, which preempts by priority.

        Args:
            namespace: Of the LocalQueue.
            name: Of the LocalQueue; the ClusterQueue has it with the namespace before it.
            flavor: The only one.
            gpus: Quota of devices.
            cpus: Quota of processors; of memory there is enough.
        """
        quota = {GPU: gpus, "cpu": cpus, "memory": f"{_ENOUGH}Gi"}
        resources = [{"name": one, "nominalQuota": most} for one, most in quota.items()]
        group = {
            "coveredResources": list(quota),
            "flavors": [{"name": flavor, "resources": resources}],
        }
        behind = f"{namespace}-{name}"
        spec = {
            "namespaceSelector": {},
            "resourceGroups": [group],
            "preemption": {"withinClusterQueue": "LowerPriority"},
        }
        self._make("ClusterQueue", behind, spec=spec)
        self._make("LocalQueue", name, namespace=namespace, spec={"clusterQueue": behind})

    def priority(self, name: str, value: int) -> None:
        """Make a WorkloadPriorityClass."""
        self._make("WorkloadPriorityClass", name, value=value)

    def _make(self, kind: str, name: str, *, namespace: str = "", **body: Any) -> None:
        plural = f"{kind.lower()}{'es' if kind.endswith('s') else 's'}"
        within = f"/namespaces/{namespace}" if namespace else ""
        about = {"apiVersion": VERSION, "kind": kind, **body}
        make(self.plane, f"/apis/{VERSION}{within}/{plural}", name, **about)

    def workloads(self, namespace: str) -> list[Body]:
        """The Workloads of a namespace."""
        path = f"/apis/{VERSION}/namespaces/{namespace}/workloads"
        return list(self.plane.ask("GET", path)["items"])


@contextmanager
def running(plane: ControlPlane, folder: Path, *, webhooks: bool) -> Iterator[Kueue]:
    """A Kueue that is ready, on a control plane that has had none before.

    Args:
        plane: Where it works.
        folder: For its configuration, certificate and log.
        webhooks: Whether the API server asks it about Jobs and its own kinds.
    """
    program = programs.find("kueue")
    manifests = program.parent / MANIFESTS
    _teach_kinds(plane, manifests / "crds")
    certificates.write(folder)
    _place_metrics_certificate(folder)
    health, hooks = free_port(), free_port()
    config = folder / "config.json"
    config.write_text(json.dumps(_config(folder, health=health, webhooks=hooks)))
    command = (program, f"--config={config}", "--feature-gates=VisibilityOnDemand=false")
    kubeconfig = plane.user_kubeconfig(credentials.ADMINISTRATOR)
    environment = {"KUBECONFIG": str(kubeconfig)}
    with started(command, log=folder / "kueue.log", environment=environment) as process:
        process.await_answer(f"http://127.0.0.1:{health}/readyz")
        if webhooks:
            text = (manifests / "webhooks.yaml").read_text()
            plane.kubectl("apply", "-f", "-", stdin=_addressed(text, folder, port=hooks))
        yield Kueue(plane=plane, process=process)


def _teach_kinds(plane: ControlPlane, crds: Path) -> None:
    """Install Kueue's kinds; returns once all of them are served."""
    plane.kubectl("apply", "--server-side", "-f", str(crds))
    wanted = {file.stem.partition("_")[2] for file in crds.iterdir()}
    until(lambda: wanted <= _kinds(plane))


def _kinds(plane: ControlPlane) -> set[str]:
    status, answer = plane.request("GET", f"/apis/{VERSION}")
    return {one["name"] for one in answer["resources"]} if status == 200 else set()


def _place_metrics_certificate(folder: Path) -> None:
    """Put a certificate where Kueue wants one, unless an earlier test run has."""
    made = folder / METRICS_CERTIFICATE.name
    made.mkdir()
    certificates.write(made)
    try:
        METRICS_CERTIFICATE.parent.mkdir(parents=True, exist_ok=True)
        made.rename(METRICS_CERTIFICATE)
    except PermissionError:
        programs.give_up(f"kueue reads {METRICS_CERTIFICATE}, which this user cannot make")
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise


def _config(folder: Path, *, health: int, webhooks: int) -> Mapping[str, Any]:
    """Batch Jobs only, and no server of metrics."""
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
        "metrics": {"bindAddress": "0"},
        "webhook": {"port": webhooks, "certDir": str(folder)},
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "clientConnection": {"qps": 500, "burst": 1000},
        "integrations": {"frameworks": ["batch/job"]},
    }


def _addressed(manifests: str, folder: Path, *, port: int) -> str:
    authority = base64.b64encode((folder / certificates.CERTIFICATE).read_bytes()).decode()
    return manifests.replace(_SHIPPED_AUTHORITY, authority).replace(str(_SHIPPED_PORT), str(port))
