"""A real control plane on this machine: etcd, API server, and more where a test asks for it.

The processes form groups of their own, end with the `with` block, and are killed by the kernel
where the test run itself is killed.
"""

import ctypes
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import programs

TOKEN = "administrator-token"
READY_SECONDS = 60
_SET_PARENT_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None)


class CommandFailed(Exception):
    """kubectl ended with an error; the text is what it wrote there."""


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A running API server.

    Args:
        url: Where it listens.
        folder: Its data; `kubeconfig` in it gives every right.
    """

    url: str
    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with every right."""
        return self.folder / "kubeconfig"

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints.

        Raises:
            CommandFailed: It ended with an error.
        """
        done = subprocess.run(
            [programs.find("kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(done.stderr.strip())
        return done.stdout

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of one request; quicker than kubectl where a test asks much."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        context = ssl.create_default_context(cafile=str(self.certificate))
        try:
            with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)

    @property
    def certificate(self) -> Path:
        """The certificate that the API server signed for itself."""
        return self.folder / "certificates" / "apiserver.crt"


@contextmanager
def running(
    folder: Path, *, controller_manager: bool = False, scheduler: bool = False
) -> Iterator[ControlPlane]:
    """A control plane that is ready, with the optional parts asked for."""
    with ExitStack() as processes:
        store = _start_etcd(processes, folder)
        plane = ControlPlane(url=f"https://127.0.0.1:{_free_port()}", folder=folder)
        _start_api_server(processes, plane, store)
        if controller_manager:
            _start_controller_manager(processes, plane)
        if scheduler:
            _start(processes, plane.folder, "kube-scheduler", *_client_options(plane))
        yield plane


def _start_etcd(processes: ExitStack, folder: Path) -> str:
    client, peer = (f"http://127.0.0.1:{_free_port()}" for _ in range(2))
    process = _start(
        processes,
        folder,
        "etcd",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        "--unsafe-no-fsync",
    )
    _await_ready(f"{client}/health", process, folder / "etcd.log")
    return client


def _start_api_server(processes: ExitStack, plane: ControlPlane, store: str) -> None:
    folder, key = plane.folder, plane.folder / "accounts.key"
    _write_key(key)
    (folder / "tokens.csv").write_text(f'{TOKEN},administrator,administrator,"system:masters"\n')
    process = _start(
        processes,
        folder,
        "kube-apiserver",
        f"--etcd-servers={store}",
        f"--secure-port={plane.url.rpartition(':')[2]}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={plane.certificate.parent}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
    )
    _await_ready(f"{plane.url}/readyz", process, folder / "kube-apiserver.log")
    _write_kubeconfig(plane)


def _start_controller_manager(processes: ExitStack, plane: ControlPlane) -> None:
    _start(
        processes,
        plane.folder,
        "kube-controller-manager",
        *_client_options(plane),
        f"--service-account-private-key-file={plane.folder / 'accounts.key'}",
        f"--root-ca-file={plane.certificate}",
    )


def _client_options(plane: ControlPlane) -> tuple[str, ...]:
    return (f"--kubeconfig={plane.kubeconfig}", "--leader-elect=false", "--secure-port=0")


def _start(processes: ExitStack, folder: Path, name: str, *options: str) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [programs.find(name), *options],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    processes.callback(_stop, process)
    return process


def _die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends (prctl(2))."""
    _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process group; nothing that it holds has to be saved."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{url} is not ready: {log.read_text()[-2000:]}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    context = ssl._create_unverified_context()
    try:
        with urllib.request.urlopen(url, context=context, timeout=2):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_key(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


def _write_kubeconfig(plane: ControlPlane) -> None:
    cluster = {"server": plane.url, "certificate-authority": str(plane.certificate)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": TOKEN}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    plane.kubeconfig.write_text(json.dumps(config))
