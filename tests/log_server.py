"""A stand-in for the part of the Kubernetes API that serves logs, which takes a kubelet.

Source: https://kubernetes.io/docs/reference/generated/kubernetes-api/ (read log of a Pod).
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from team import condition

NAMESPACE = "team"
_LATER = "2026-01-02T03:04:{:02}.{:09}Z"


@dataclass(slots=True)
class PodLog:
    """A pod, and what its container has written."""

    wire: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    cuts: int = 0
    refusal: int = 0


class LogServer:
    """One PreferenceJob named `tiny`, whose pods and logs a test changes while they are read.

    asked: Paths and queries of the logs that were asked for.
    """

    def __init__(self) -> None:
        self.job: dict[str, Any] = _job()
        self.pods: dict[str, PodLog] = {}
        self.asked: list[str] = []
        self.changed = threading.Condition()

    def start(self, name: str, *, stage: str = "train") -> None:
        """A pod whose container runs."""
        self.add(name, stage=stage, phase="Running", containerStatuses=[_container("running")])

    def add(self, name: str, *, stage: str = "train", **status: Any) -> None:
        """A pod, made a second after the one before."""
        metadata = {
            "name": name,
            "labels": {"preference.dev/stage": stage},
            "creationTimestamp": f"2026-01-02T03:04:{len(self.pods):02}Z",
        }
        with self.changed:
            self.pods[name] = PodLog({"metadata": metadata, "status": status})

    def write(self, name: str, *lines: str) -> None:
        with self.changed:
            log = self.pods[name].lines
            for line in lines:
                log.append(f"{_LATER.format(len(self.pods), len(log))} {line}")
            self.changed.notify_all()

    def end(self, name: str, phase: str) -> None:
        """The container ends, and with it its log."""
        with self.changed:
            states = [_container("terminated")]
            self.pods[name].wire["status"] = {"phase": phase, "containerStatuses": states}
            self.changed.notify_all()

    def cut(self, name: str) -> None:
        """Whoever follows the log loses the connection."""
        with self.changed:
            self.pods[name].cuts += 1
            self.changed.notify_all()

    def refuse(self, name: str, status: int) -> None:
        self.pods[name].refusal = status

    def finish(self, status: str = "True") -> None:
        """The PreferenceJob ends."""
        self.job["status"]["conditions"] = [condition("Succeeded", status, "Done")]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[LogServer, Path]]:
    """The server, and a kubeconfig for it."""
    state = LogServer()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state, _kubeconfig(folder, server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: LogServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path.endswith("/log"):
            self._log(url.path.split("/")[-2], parse_qs(url.query))
        elif url.path.endswith("/pods"):
            items = [pod.wire for pod in self.state.pods.values()]
            self._json(200, {"items": items, "metadata": {}})
        else:
            self._json(200, self.state.job)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: tests read what the command line says."""

    def _json(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _log(self, name: str, query: dict[str, list[str]]) -> None:
        self.state.asked.append(self.path)
        pod = self.state.pods.get(name)
        if pod is None or pod.refusal:
            status = pod.refusal if pod else 404
            self._json(status, {"kind": "Status", "message": "the log cannot be had"})
            return
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self._send(pod, follow=query["follow"] == ["true"], since=query.get("sinceTime")):
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def _send(self, pod: PodLog, *, follow: bool, since: list[str] | None) -> bool:
        """Send the lines of the second of `since` and later; False where it was cut."""
        cuts, sent = pod.cuts, 0
        with self.state.changed:
            while True:
                for line in pod.lines[sent:]:
                    if since is None or line[:19] >= since[0][:19]:
                        self._chunk(f"{line}\n".encode())
                sent = len(pod.lines)
                if pod.cuts != cuts:
                    return False
                if not follow or pod.wire["status"]["phase"] != "Running":
                    return True
                self.state.changed.wait(1)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


def _job() -> dict[str, Any]:
    metadata = {"namespace": NAMESPACE, "name": "tiny", "uid": "u", "generation": 1}
    return {
        "metadata": {**metadata, "creationTimestamp": "2026-01-02T03:00:00Z"},
        "spec": {"method": "DPO"},
        "status": {"observedGeneration": 1, "state": "Training"},
    }


def _container(state: str) -> dict[str, Any]:
    return {"name": "trainer", "state": {state: {}}}


def _kubeconfig(folder: Path, port: int) -> Path:
    context = {"cluster": "c", "user": "u", "namespace": NAMESPACE}
    config = {
        "current-context": "stand-in",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "stand-in", "context": context}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return path
