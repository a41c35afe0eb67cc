"""A real node on this machine: kubelet, containerd, runc, and a bridge that pods are connected to.

A machine holds one at most, since names and addresses are fixed; `alone` waits for its turn. What a
test run leaves behind that was killed is found under the same names and removed by the next one.
There is no registry, no cluster DNS, and nothing enforces network policies.
"""

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import credentials
import images
import machine
import programs
from awaiting import until
from control_plane import ControlPlane
from processes import started

NAME = credentials.NODE.rpartition(":")[2]
"""The node's name, which is also where the API server looks for its kubelet: this machine."""
ADDRESS = "10.55.0.1"
"""The machine as pods see it."""
NETWORK = "preference-test"
BRIDGE = "preference0"
HARDWARE_ADDRESS = "0a:55:00:00:00:01"
"""Of the bridge; without one it takes those of its pods in turn, and the others lose their way."""
FOLDER = Path("/var/lib/preference-test-node")
SOCKET = FOLDER / "containerd.sock"
CTR = ("ctr", f"--address={SOCKET}", "--namespace=k8s.io")
PLUGINS = "/usr/lib/cni"
"""Where Debian puts the network plugins."""
NETWORK_RESULTS = Path("/var/lib/cni/results")
"""Where containerd notes each container's network, and forgets it where the container is killed."""

CONTAINERD = f"""
version = 2
root = "%(content)s"
state = "{FOLDER}/containerd"
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{FOLDER}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%(sandbox)s"
  netns_mounts_under_state_dir = true
  # Where root may not lower a process' score, runc fails without this.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{PLUGINS}"
  conf_dir = "{FOLDER}/network"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  Root = "{FOLDER}/runc"
"""
PLUGIN = {
    "type": "bridge",
    "bridge": BRIDGE,
    "isGateway": True,
    "ipam": {
        "type": "host-local",
        "dataDir": str(FOLDER / "addresses"),
        "ranges": [[{"subnet": "10.55.0.0/24"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    },
}
KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "address": "127.0.0.1",
    "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
    "authorization": {"mode": "AlwaysAllow"},
    "containerRuntimeEndpoint": f"unix://{SOCKET}",
    "podLogsDir": str(FOLDER / "logs"),
    "volumePluginDir": str(FOLDER / "plugins"),
    # There is nobody at that address; without one, every pod would get a warning.
    "clusterDNS": [ADDRESS],
    "resolvConf": "",
    # Any machine will do: with swap, with control groups of version 1, without systemd.
    "failSwapOn": False,
    "failCgroupV1": False,
    "cgroupDriver": "cgroupfs",
    "cgroupsPerQOS": False,
    "enforceNodeAllocatable": [],
    # A full disk of the machine must not evict pods, nor remove the images that were put there.
    "evictionHard": {"memory.available": "100Mi"},
    "imageGCHighThresholdPercent": 100,
    "makeIPTablesUtilChains": False,
}


def require() -> None:
    """Skip the test where this machine cannot be a node, and fail it under CI."""
    programs.find("kubelet")
    machine.needs("containerd", "ctr", "runc", "ip", f"{PLUGINS}/bridge")


@contextmanager
def alone() -> Iterator[None]:
    """The machine's addresses, ports and bridge for one test run at a time."""
    with Path("/run/preference-test-node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def running(plane: ControlPlane, *, sandbox: str, pods: Sequence[str]) -> Iterator[None]:
    """A node of the control plane that is ready.

    Args:
        plane: Runs with `pods=True`.
        sandbox: An image whose containers sleep; they hold a pod's namespaces.
        pods: Images that pods may name, with a pull policy that pulls no image that is there.
    """
    with ExitStack() as cleanup:
        cleanup.callback(_remove_folder)
        _make_bridge(cleanup)
        _write_settings(sandbox)
        _start_containerd(cleanup, plane)
        _load([sandbox, *pods])
        _start_kubelet(cleanup, plane)
        yield


def _make_bridge(cleanup: ExitStack) -> None:
    """The plugin would make it with the first pod; servers for pods listen there before."""
    _remove_bridge()
    cleanup.callback(_remove_bridge)
    _run("ip", "link", "add", BRIDGE, "address", HARDWARE_ADDRESS, "type", "bridge")
    _run("ip", "address", "add", f"{ADDRESS}/24", "dev", BRIDGE)
    _run("ip", "link", "set", BRIDGE, "up")


def _remove_bridge() -> None:
    subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True, check=False)


def _write_settings(sandbox: str) -> None:
    network = {"cniVersion": "1.0.0", "name": NETWORK, "plugins": [PLUGIN]}
    (FOLDER / "network").mkdir(parents=True, exist_ok=True)
    (FOLDER / "network" / "bridge.conflist").write_text(json.dumps(network))
    (FOLDER / "containerd.toml").write_text(
        CONTAINERD % {"content": machine.cache("containerd"), "sandbox": sandbox}
    )
    (FOLDER / "kubelet.json").write_text(json.dumps(KUBELET))


def _start_containerd(cleanup: ExitStack, plane: ControlPlane) -> None:
    """Start it on what an earlier run has left, whose containers are the first thing to go."""
    log, config = plane.folder / "containerd.log", FOLDER / "containerd.toml"
    cleanup.enter_context(started(["containerd", f"--config={config}"], log=log))
    until(lambda: _succeeds(*CTR, "version"))
    cleanup.callback(_remove_containers)
    _remove_containers()
    _remove_folder(FOLDER / "kubelet")


def _load(wanted: Sequence[str]) -> None:
    """Have containerd hold these images and no others; it keeps them for the next time."""
    held = _ctr("images", "list", "--quiet").split()
    for image in set(wanted).difference(held):
        with subprocess.Popen(images.saving(image), stdout=subprocess.PIPE) as saving:
            _ctr("images", "import", "-", stdin=saving.stdout)
        assert saving.returncode == 0, f"{image} could not be read"
    lines = [line.split() for line in _ctr("images", "list").splitlines()[1:]]
    kept = {digest for name, _, digest, *_ in lines if name in wanted}
    _ctr("images", "delete", *(name for name, _, digest, *_ in lines if digest not in kept))


def tag(image: str, name: str) -> None:
    """Have the node hold an image under one more name."""
    _ctr("images", "tag", "--force", image, name)


def _start_kubelet(cleanup: ExitStack, plane: ControlPlane) -> None:
    command = (
        programs.find("kubelet"),
        f"--config={FOLDER / 'kubelet.json'}",
        f"--kubeconfig={plane.user_kubeconfig(credentials.NODE)}",
        f"--root-dir={FOLDER / 'kubelet'}",
        f"--cert-dir={FOLDER / 'kubelet' / 'certificates'}",
        f"--hostname-override={NAME}",
    )
    cleanup.enter_context(started(command, log=plane.folder / "kubelet.log"))
    until(lambda: _ready(plane))


def _ready(plane: ControlPlane) -> bool:
    _, node = plane.request("GET", f"/api/v1/nodes/{NAME}")
    conditions = node["status"].get("conditions", []) if node["kind"] == "Node" else []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _remove_containers() -> None:
    """End every container by force; containerd's helper processes end with them."""
    for container in _ctr("containers", "list", "--quiet").split():
        for result in NETWORK_RESULTS.glob(f"*-{container}-*"):
            result.unlink()
    until(lambda: _all_deleted("tasks", "--force"))
    until(lambda: _all_deleted("containers"))


def _all_deleted(kind: str, *options: str) -> bool:
    """Whether nothing of a kind is left; tries to delete it, which containerd may do before."""
    names = _ctr(kind, "list", "--quiet").split()
    if names:
        subprocess.run([*CTR, kind, "delete", *options, *names], capture_output=True, check=False)
    return not names


def _remove_folder(folder: Path = FOLDER) -> None:
    """Delete a folder with what is mounted in it: volumes, file systems, network namespaces."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in reversed(mounts):
        if Path(mount).is_relative_to(folder):
            _run("umount", mount)
    shutil.rmtree(folder, ignore_errors=True)


def _ctr(*arguments: str, stdin: IO[bytes] | None = None) -> str:
    return _run(*CTR, *arguments, stdin=stdin)


def _run(*command: str, stdin: IO[bytes] | None = None) -> str:
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
    return done.stdout


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
