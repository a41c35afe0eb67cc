"""Servers that a tracker's library talks to: one that answers as Weights & Biases, and bad ones.

The first answers what wandb 0.31 asks for while it follows a run: whether the run is known, that
it be made, and the stream of its history (`wandb-core`, graphql and file_stream).
"""

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from processes import free_port

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Server:
    """A running server.

    requests: Method, path and body of every request.
    keys: What requests were authorized by.
    """

    endpoint: str = ""
    keys: set[str] = field(default_factory=set)
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)

    def answer(self, path: str, body: bytes) -> Answer:
        """Status, headers and body; the good server has its own."""
        raise NotImplementedError


@dataclass
class Refusing(Server):
    """Answers every request with one status, and headers."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, path: str, body: bytes) -> Answer:
        return self.status, self.headers, b"no"


@dataclass
class WandbServer(Server):
    """One project of one team.

    runs: By id: display name, config, history, summary and what was said of the end.
    """

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, path: str, body: bytes) -> Answer:
        if not path.endswith(("/graphql", "/file_stream")):
            return 200, {}, b""
        sent = json.loads(body or b"{}")
        if path.endswith("/file_stream"):
            self._stream(self.runs[path.split("/")[-2]], sent)
            return 200, {}, b"{}"
        name, variables = sent.get("operationName"), sent.get("variables", {})
        found = {
            "RunResumeStatus": self._known,
            "UpsertBucket": self._made,
            "CreateRunFiles": self._places,
        }.get(name)
        return 200, {}, json.dumps({"data": found(variables) if found else {}}).encode()

    def _places(self, variables: dict[str, Any]) -> dict[str, Any]:
        names = variables["files"]
        files = [{"name": name, "uploadUrl": f"{self.endpoint}/upload/{name}"} for name in names]
        return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}

    def _known(self, variables: dict[str, Any]) -> dict[str, Any]:
        run = self.runs.get(variables["name"])
        bucket = run and {
            "id": variables["name"],
            "name": variables["name"],
            "summaryMetrics": json.dumps(run["summary"]),
            "config": json.dumps(run["config"]),
            "historyLineCount": len(run["history"]),
            "historyTail": json.dumps([json.dumps(line) for line in run["history"][-1:]]),
            "eventsLineCount": 0,
            "eventsTail": "[]",
            "logLineCount": 0,
            "tags": [],
            "wandbConfig": '{"t": 1}',
        }
        return {"model": {"id": "p", "name": "p", "entity": {"id": "e"}, "bucket": bucket}}

    def _made(self, variables: dict[str, Any]) -> dict[str, Any]:
        empty = {"name": variables["displayName"], "history": [], "summary": {}, "endings": []}
        run = self.runs.setdefault(variables["name"], empty)
        run["config"] = json.loads(variables["config"] or "{}")
        entity = {"id": "e", "name": "team"}
        project = {"id": "p", "name": variables["project"], "entity": entity}
        bucket = {"id": "b", "name": variables["name"], "project": project}
        return {"upsertBucket": {"bucket": {**bucket, "historyLineCount": 0}, "inserted": True}}

    def _stream(self, run: dict[str, Any], sent: dict[str, Any]) -> None:
        files = sent.get("files", {})
        history = files.get("wandb-history.jsonl", {}).get("content", [])
        run["history"].extend(json.loads(line) for line in history)
        for line in files.get("wandb-summary.json", {}).get("content", []):
            run["summary"] |= json.loads(line)
        ends = {name: sent[name] for name in ("preempting", "complete", "exitcode") if name in sent}
        if ends:
            run["endings"].append(ends)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Start a server on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            server.keys.add(self.headers.get("Authorization", ""))
            server.requests.append((self.command, self.path, body))
            status, headers, content = server.answer(self.path, body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = _answer  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    server.endpoint = f"http://127.0.0.1:{http.server_port}"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


@contextmanager
def hanging() -> Iterator[str]:
    """The URL of a server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@dataclass(frozen=True)
class BadServer:
    """A server that no tracker can use, and what is said of it."""

    url: str
    words: str


BAD = {
    "hangs": "does not answer in time",
    "is not there": "cannot be reached",
    "answers 401": "answered 401; look at spec.tracking.credentialsSecret",
    "answers 500": "answered 500",
    "answers 302": "",
}


@pytest.fixture(
    params=[
        # Minutes go by until a tracker's own library gives up.
        pytest.param(word, marks=pytest.mark.slow if word == "hangs" else ())
        for word in BAD
    ]
)
def bad_server(request: pytest.FixtureRequest) -> Iterator[BadServer]:
    """Each kind in turn; one points to another host, which gets no key."""
    with ExitStack() as stack:
        elsewhere = stack.enter_context(running(Refusing(status=200)))
        word = request.param.split()[-1]
        if word.isdigit():
            other = elsewhere.endpoint.replace("127.0.0.1", "localhost")
            headers = {"Location": f"{other}/x"} if word == "302" else {}
            url = stack.enter_context(running(Refusing(status=int(word), headers=headers))).endpoint
        elif request.param == "hangs":
            url = stack.enter_context(hanging())
        else:
            url = f"http://127.0.0.1:{free_port()}"
        yield BadServer(url, BAD[request.param])
        assert elsewhere.keys <= {""}
