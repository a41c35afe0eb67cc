"""Real nodes on this machine: kubelet, containerd, runc, and a bridge that pods are connected to.

One test run at a time has them, since names and addresses are fixed; `alone` waits for its turn.
What a test run leaves behind that was killed is found under the same names and removed by the next
one. There is no registry, no cluster DNS, and nothing enforces network policies.
"""

import fcntl
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
from node_site import ADDRESS, BRIDGE, FIRST, PLUGINS, Site
from processes import started

NAME = credentials.NODE.rpartition(":")[2]
"""A node's name, which is also where the API server looks for its kubelet: this machine."""
HARDWARE_ADDRESS = "0a:55:00:00:00:01"
"""Of the bridge; without one it takes those of its pods in turn, and the others lose their way."""
NETWORK_RESULTS = Path("/var/lib/cni/results")
"""Where containerd notes each container's network, and forgets it where the container is killed."""


def require() -> None:
    """Skip the test where this machine cannot be a node, and fail it under CI."""
    programs.find("kubelet")
    machine.needs("containerd", "ctr", "runc", "ip", f"{PLUGINS}/bridge")


@contextmanager
def alone() -> Iterator[None]:
    """The machine's addresses, ports and a bridge for one test run at a time."""
    with Path("/run/preference-test-node.lock").open("w") as lock, ExitStack() as cleanup:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _make_bridge(cleanup)
        yield


@contextmanager
def running(
    plane: ControlPlane, *, sandbox: str, pods: Sequence[str], site: Site
) -> Iterator[None]:
    """A node of the control plane that is ready.

    Args:
        plane: Runs with `pods`.
        sandbox: An image whose containers sleep; they hold a pod's namespaces.
        pods: Images that pods may name, with a pull policy that pulls no image that is there.
        site: Where on this machine it is.
    """
    with ExitStack() as cleanup:
        cleanup.callback(_remove_folder, site.folder)
        site.write_settings(sandbox=sandbox)
        _start_containerd(cleanup, plane, site)
        _load([sandbox, *pods], site)
        _start_kubelet(cleanup, plane, site)
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


def _start_containerd(cleanup: ExitStack, plane: ControlPlane, site: Site) -> None:
    """Start it on what an earlier run has left, whose containers are the first thing to go."""
    log, config = plane.folder / "containerd.log", site.folder / "containerd.toml"
    cleanup.enter_context(started(["containerd", f"--config={config}"], log=log))
    until(lambda: _succeeds(*site.ctr, "version"))
    cleanup.callback(_remove_containers, site)
    _remove_containers(site)
    _remove_folder(site.folder / "kubelet")


def _load(wanted: Sequence[str], site: Site) -> None:
    """Have containerd hold these images and no others; it keeps them for the next time."""
    held = _run(*site.ctr, "images", "list", "--quiet").split()
    for image in set(wanted).difference(held):
        with subprocess.Popen(images.saving(image), stdout=subprocess.PIPE) as saving:
            _run(*site.ctr, "images", "import", "-", stdin=saving.stdout)
        assert saving.returncode == 0, f"{image} could not be read"
    lines = [line.split() for line in _run(*site.ctr, "images", "list").splitlines()[1:]]
    kept = {digest for name, _, digest, *_ in lines if name in wanted}
    unwanted = [name for name, _, digest, *_ in lines if digest not in kept]
    _run(*site.ctr, "images", "delete", *unwanted)


def tag(image: str, name: str) -> None:
    """Have the first node hold an image under one more name."""
    _run(*FIRST.ctr, "images", "tag", "--force", image, name)


def _start_kubelet(cleanup: ExitStack, plane: ControlPlane, site: Site) -> None:
    command = (
        programs.find("kubelet"),
        f"--config={site.folder / 'kubelet.json'}",
        f"--kubeconfig={plane.user_kubeconfig(credentials.NODE)}",
        f"--root-dir={site.folder / 'kubelet'}",
        f"--cert-dir={site.folder / 'kubelet' / 'certificates'}",
        f"--hostname-override={NAME}",
    )
    cleanup.enter_context(started(command, log=plane.folder / "kubelet.log"))
    until(lambda: _ready(plane))


def _ready(plane: ControlPlane) -> bool:
    _, node = plane.request("GET", f"/api/v1/nodes/{NAME}")
    conditions = node["status"].get("conditions", []) if node["kind"] == "Node" else []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _remove_containers(site: Site) -> None:
    """End every container by force; containerd's helper processes end with them."""
    for container in _run(*site.ctr, "containers", "list", "--quiet").split():
        for result in NETWORK_RESULTS.glob(f"*-{container}-*"):
            result.unlink()
    until(lambda: _all_deleted(site, "tasks", "--force"))
    until(lambda: _all_deleted(site, "containers"))


def _all_deleted(site: Site, kind: str, *options: str) -> bool:
    """Whether nothing of a kind is left; tries to delete it, which containerd may do before."""
    names = _run(*site.ctr, kind, "list", "--quiet").split()
    if names:
        command = [*site.ctr, kind, "delete", *options, *names]
        subprocess.run(command, capture_output=True, check=False)
    return not names


def _remove_folder(folder: Path) -> None:
    """Delete a folder with what is mounted in it: volumes, file systems, network namespaces."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in reversed(mounts):
        if Path(mount).is_relative_to(folder):
            _run("umount", mount)
    shutil.rmtree(folder, ignore_errors=True)


def _run(*command: str, stdin: IO[bytes] | None = None) -> str:
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
    return done.stdout


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
