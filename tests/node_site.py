"""What a node of this machine has to itself, and how its programs are set up there."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine

ADDRESS = "10.55.0.1"
"""The machine as pods see it."""
SUBNET = "10.55.0.0/24"
BRIDGE = "preference0"
PLUGINS = "/usr/lib/cni"
"""Where Debian puts the network plugins."""
_PORT = 10250

_CONTAINERD = """
version = 2
root = "{content}"
state = "{folder}/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox}"
  netns_mounts_under_state_dir = true
  # Where root may not lower a process' score, runc fails without this.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{plugins}"
  conf_dir = "{folder}/network"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  Root = "{folder}/runc"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A place for one node; two sites share nothing but the bridge.

    Args:
        number: 0 or 1.
    """

    number: int

    @property
    def folder(self) -> Path:
        """For everything but the images, which are kept."""
        return Path(f"/var/lib/preference-test-node-{self.number}")

    @property
    def services(self) -> str:
        """The first address of its cluster's service network, where pods find the API server."""
        return f"10.{96 + self.number}.0.1"

    @property
    def socket(self) -> Path:
        """Where containerd listens."""
        return self.folder / "containerd.sock"

    @property
    def ctr(self) -> tuple[str, ...]:
        """containerd's client, and where it finds what the kubelet has started."""
        return ("ctr", f"--address={self.socket}", "--namespace=k8s.io")

    def write_settings(self, *, sandbox: str) -> None:
        """Write what containerd and the kubelet are told.

        Args:
            sandbox: An image whose containers sleep; they hold a pod's namespaces.
        """
        (self.folder / "network").mkdir(parents=True, exist_ok=True)
        (self.folder / "network" / "bridge.conflist").write_text(json.dumps(self._network()))
        content = machine.cache(f"containerd-{self.number}")
        (self.folder / "containerd.toml").write_text(
            _CONTAINERD.format(
                content=content,
                folder=self.folder,
                socket=self.socket,
                sandbox=sandbox,
                plugins=PLUGINS,
            )
        )
        (self.folder / "kubelet.json").write_text(json.dumps(self._kubelet()))

    def _network(self) -> dict[str, Any]:
        first, last = ((2, 127), (128, 254))[self.number]
        network, _, _ = SUBNET.rpartition(".")
        part = {"rangeStart": f"{network}.{first}", "rangeEnd": f"{network}.{last}"}
        plugin = {
            "type": "bridge",
            "bridge": BRIDGE,
            "isGateway": True,
            "ipam": {
                "type": "host-local",
                "dataDir": str(self.folder / "addresses"),
                "ranges": [[{"subnet": SUBNET, **part}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }
        name = f"preference-test-{self.number}"
        return {"cniVersion": "1.0.0", "name": name, "plugins": [plugin]}

    def _kubelet(self) -> dict[str, Any]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": "127.0.0.1",
            "port": _PORT + self.number,
            "healthzPort": 0,
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "containerRuntimeEndpoint": f"unix://{self.socket}",
            "podLogsDir": str(self.folder / "logs"),
            "volumePluginDir": str(self.folder / "plugins"),
            # There is nobody at that address; without one, every pod would get a warning.
            "clusterDNS": [ADDRESS],
            "resolvConf": "",
            # Any machine will do: with swap, with control groups of version 1, without systemd.
            "failSwapOn": False,
            "failCgroupV1": False,
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            # A full disk of the machine must not evict pods, nor remove the images put there.
            "evictionHard": {"memory.available": "100Mi"},
            "imageGCHighThresholdPercent": 100,
            "makeIPTablesUtilChains": False,
        }


FIRST, SECOND = Site(0), Site(1)
