"""A real control plane on this machine: etcd, API server, and more where a test asks for it.

Its processes end with the `with` block, and with the test run where that is killed.
"""

import json
import subprocess
import urllib.error
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import urllib3

import control_commands
import credentials
import own_address
import programs
from audit_log import AuditLog
from awaiting import until
from control_commands import Command
from preference_api.crd import PLURAL, rendered
from preference_api.v1alpha1 import API_VERSION
from processes import Process, free_port, started

SERVER, STORE = "kube-apiserver", "etcd"
CONTROLLERS, SCHEDULER = "kube-controller-manager", "kube-scheduler"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
_TOKEN = credentials.token(credentials.ADMINISTRATOR)
_TOKEN_SECONDS = 24 * 3600


class CommandFailed(Exception):
    """kubectl ended with an error; the text is what it wrote there."""


@dataclass(frozen=True)
class ControlPlane:
    """A running API server.

    Args:
        url: Where it listens.
        folder: Its data and logs.
        processes: Its processes by the name of the program, to be frozen, killed and thawed.
    """

    url: str
    folder: Path
    processes: dict[str, Process] = field(default_factory=dict, compare=False)

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with every right."""
        return self.user_kubeconfig(credentials.ADMINISTRATOR)

    @property
    def certificate(self) -> Path:
        """The certificate that the API server signed for itself."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def audit(self) -> AuditLog:
        """What was asked of it; there is one where the control plane was started with it."""
        return AuditLog(self.folder / "audit.log")

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

    def request(
        self, method: str, path: str, body: Any = None, *, content_type: str = "application/json"
    ) -> tuple[int, Any]:
        """Status and JSON, or text, of one request; quicker than kubectl where a test asks much.

        Raises:
            urllib.error.URLError: Nobody answers.
        """
        try:
            answer = self._connections.request(
                method,
                self.url + path,
                body=None if body is None else json.dumps(body),
                headers={"Authorization": f"Bearer {_TOKEN}", "Content-Type": content_type},
            )
        except urllib3.exceptions.HTTPError as error:
            raise urllib.error.URLError(str(error)) from error
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.status, answer.json() if is_json else answer.data.decode()

    def ask(
        self, method: str, path: str, body: Any = None, *, content_type: str = "application/json"
    ) -> Any:
        """The JSON of a request that has to succeed."""
        status, answer = self.request(method, path, body, content_type=content_type)
        assert status < 300, answer
        return answer

    def user_kubeconfig(self, user: str) -> Path:
        """A kubeconfig of one of the users in `credentials.GROUPS`."""
        return credentials.kubeconfig(self.folder, user)

    def account_kubeconfig(self, namespace: str, name: str, *, server: str = "") -> Path:
        """A kubeconfig of a service account, whose token is good for a day (TokenRequest API).

        Args:
            namespace: Of the service account.
            name: Of the service account.
            server: URL of a proxy before the API server; the API server itself where empty.
        """
        answer = self.ask(
            "POST",
            f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token",
            {"spec": {"expirationSeconds": _TOKEN_SECONDS}},
        )
        proxied = f"-{server.rpartition(':')[2]}" if server else ""
        path = self.folder / f"kubeconfig-{namespace}-{name}{proxied}"
        credentials.write_kubeconfig(
            path,
            server=server or self.url,
            certificate=self.certificate,
            bearer=answer["status"]["token"],
        )
        return path

    def stop_api_server(self, *, kill: bool = False) -> None:
        """End the API server, at once or as a machine that is shut down ends it."""
        server = self.processes[SERVER]
        if kill:
            server.kill()
        else:
            server.terminate()

    def start_api_server(self) -> None:
        """Start it again at the same address, on the same data; returns once it is ready."""
        server = self.processes[SERVER]
        server.start()
        server.await_answer(f"{self.url}/readyz")

    def restart_api_server(self, *, kill: bool = False) -> None:
        """Stop it and start it again."""
        self.stop_api_server(kill=kill)
        self.start_api_server()

    @cached_property
    def _connections(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(
            ca_certs=str(self.certificate), timeout=30, retries=False, maxsize=8
        )


@contextmanager
def running(
    folder: Path,
    *,
    controller_manager: bool = False,
    scheduler: bool = False,
    kind: bool = False,
    audit: bool = False,
    pods: str = "",
) -> Iterator[ControlPlane]:
    """A control plane that is ready, with the optional parts asked for.

    Args:
        folder: For its data and logs.
        controller_manager: Whether Jobs get pods, and owned objects are collected.
        scheduler: Whether pods get nodes.
        kind: Whether it knows PreferenceJobs; the controllers then know them from their start on.
        audit: Whether every request is noted, for `plane.audit`.
        pods: Where pods of a real node reach it, the first address of its service network; needs
            root. Without one it is reached from this machine only.
    """
    with ExitStack() as stack:
        plane = ControlPlane(url=_url(stack, pods), folder=folder)
        store = _start_store(stack, plane)
        command = control_commands.api_server(
            folder, url=plane.url, store=store, services=pods or "10.96.0.1", audit=audit
        )
        _start(stack, plane, SERVER, command).await_answer(f"{plane.url}/readyz")
        credentials.write_kubeconfigs(folder, server=plane.url, certificate=plane.certificate)
        if kind:
            _teach_kind(plane)
        if controller_manager:
            _start_controllers(stack, plane, nodes=bool(pods) or scheduler)
        if scheduler:
            _start(stack, plane, SCHEDULER, control_commands.scheduler(folder))
        yield plane


def _url(stack: ExitStack, pods: str) -> str:
    """URL of the API server; for pods the service address, which then needs no kube-proxy."""
    if not pods:
        return f"https://127.0.0.1:{free_port()}"
    stack.enter_context(own_address.given(pods))
    return f"https://{pods}:443"


def _start(stack: ExitStack, plane: ControlPlane, name: str, command: Command) -> Process:
    log = plane.folder / f"{name}.log"
    process = stack.enter_context(started(command, log=log))
    plane.processes[name] = process
    return process


def _start_store(stack: ExitStack, plane: ControlPlane) -> str:
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command = control_commands.etcd(plane.folder, client=client, peer=peer)
    _start(stack, plane, STORE, command).await_answer(f"{client}/health")
    return client


def _start_controllers(stack: ExitStack, plane: ControlPlane, *, nodes: bool) -> None:
    """Start the controller manager; returns once it has begun to work."""
    command = control_commands.controller_manager(plane.folder, nodes=nodes)
    _start(stack, plane, CONTROLLERS, command)
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    until(lambda: plane.request("GET", f"{accounts}/default")[0] == 200)


def _teach_kind(plane: ControlPlane) -> None:
    """Install the CustomResourceDefinition; returns once the kind is served."""
    plane.kubectl("apply", "--server-side", "-f", "-", stdin=rendered())
    until(lambda: plane.request("GET", f"/apis/{API_VERSION}/{PLURAL}")[0] == 200)
