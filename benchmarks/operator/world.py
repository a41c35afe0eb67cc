"""A control plane without a node, and the operator on it with its own service account."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from client import Body

import control_plane
import operator_process
import pods
import preference_jobs
from awaiting import until
from control_plane import ControlPlane
from operator_process import OperatorProcess
from preference_api.children import ChildStage
from preference_operator.children import child_job
from preference_operator.objects import read_job
from preference_operator.settings import Settings
from preference_operator.trainer_pod import Order

MANIFESTS = Path(__file__).parents[2] / "operator/manifests/rbac.yaml"
JOBS = "/apis/batch/v1/namespaces/{}/jobs"
PODS = "/api/v1/namespaces/{}/pods"
PREFERENCE_JOBS = "/apis/preference.dev/v1alpha1/namespaces/{}/preferencejobs"
SETTINGS = Settings()
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two that are compared.

    path: Where its objects are made.
    children: Where the first child of each appears.
    manifest: Of a name, an object.
    """

    namespace: str
    path: str
    children: str

    def manifest(self, name: str) -> Body:
        return preference_jobs.manifest(name) if self.path == PREFERENCE_JOBS else _bare(name)

    @property
    def objects_path(self) -> str:
        return self.path.format(self.namespace)

    @property
    def children_path(self) -> str:
        return self.children.format(self.namespace)


BARE = Side(namespace="bare", path=JOBS, children=PODS)
OURS = Side(namespace="ours", path=PREFERENCE_JOBS, children=JOBS)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the kernel says of a process: seconds of processor time, MiB now and at the peak."""

    seconds: float
    resident: float
    peak: float

    @classmethod
    def of(cls, pid: int) -> "Figures":
        used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        sizes = dict(line.split(":", 1) for line in lines)
        resident, peak = (int(sizes[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return cls(sum(map(int, used)) / _TICKS, resident, peak)


@contextmanager
def plane(folder: Path) -> Iterator[ControlPlane]:
    """A control plane with both namespaces and the operator's rights."""
    folder.mkdir()
    options = {"controller_manager": True, "kind": True, "audit": True}
    with control_plane.running(folder, **options) as running:
        running.kubectl("apply", "--server-side", "-f", str(MANIFESTS))
        pods.add_node(running)
        for side in (BARE, OURS):
            _make_namespace(running, side.namespace)
        yield running


@contextmanager
def operator(plane: ControlPlane, **settings: object) -> Iterator[OperatorProcess]:
    """The operator, leading and caught up."""
    kubeconfig = operator_process.account_kubeconfig(plane)
    with operator_process.running(kubeconfig, plane.folder, **settings) as running:
        await_caught_up(running, times=1)
        yield running


def await_caught_up(operator: OperatorProcess, *, times: int) -> None:
    """Return once it has told so, for the first time or another one, and is ready."""
    until(lambda: sum(one["event"] == "caught up" for one in operator.entries) >= times)
    operator.ready()


def load() -> str:
    """How busy the machine was in the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def machine() -> str:
    model = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}"


def _make_namespace(plane: ControlPlane, name: str) -> None:
    plane.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    until(lambda: plane.request("GET", account)[0] == 200)


def _bare(name: str) -> Body:
    """The Job that the operator makes first, made by hand: with none of the operator's labels."""
    metadata = {"namespace": BARE.namespace, "uid": "", "resourceVersion": ""}
    body = preference_jobs.manifest(name)
    job = read_job({**body, "metadata": {**body["metadata"], **metadata}})
    assert job.spec is not None
    order = Order(job=job, spec=job.spec, stage=ChildStage.CHECK, run_hash=job.spec_hash)
    made = child_job(order, SETTINGS)
    made["spec"]["template"]["metadata"] = {}
    return {**made, "metadata": {"name": name}}
