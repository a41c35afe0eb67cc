"""A stand-in for the Hugging Face hub: repositories, revisions, trees and files over HTTP.

It answers what huggingface_hub asks for when it reads: the information on a model or dataset at a
revision, its tree, the information on single paths, and files by HEAD and GET, with ranges. Files
kept by git-lfs are answered by a redirect to another host name, as the hub's storage is one.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote

_INFO = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/revision/([^/]+))?")
_TREE = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)/(tree|paths-info)/([^/]+)(?:/(.*))?")
_FILE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.*)")


@dataclass
class Repository:
    """A repository with one commit."""

    files: dict[str, bytes]
    lfs: frozenset[str]
    commit: str
    revisions: tuple[str, ...]
    gated: bool

    def entry(self, path: str) -> dict[str, Any]:
        """A file as trees list it."""
        data = self.files[path]
        entry = {"type": "file", "path": path, "size": len(data), "oid": blob_id(data)}
        if path in self.lfs:
            sha256 = hashlib.sha256(data).hexdigest()
            entry["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 134}
        return entry

    def etag(self, path: str) -> str:
        """SHA-256 of what git-lfs holds, the blob id of everything else."""
        entry = self.entry(path)
        return str(entry["lfs"]["oid"] if "lfs" in entry else entry["oid"])


@dataclass
class HubServer:
    """The running stand-in; HF_ENDPOINT is its endpoint."""

    endpoint: str
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path and Authorization of every request."""
    agents: set[str] = field(default_factory=set)
    """User-Agent of every request."""
    busy: int = 0
    """How many of the next requests are answered with 503."""
    cut_short: set[str] = field(default_factory=set)
    """Files whose bodies end a byte early, with the connection."""
    flipped: set[str] = field(default_factory=set)
    """Files whose last byte is another one than their digests say."""

    def add(
        self,
        repository: str,
        files: dict[str, bytes],
        *,
        kind: str = "model",
        revisions: tuple[str, ...] = ("main",),
        lfs: tuple[str, ...] = (),
        gated: bool = False,
    ) -> str:
        """Adds or replaces a repository and returns its commit.

        Args:
            repository: org/name.
            files: Contents by path.
            kind: model or dataset.
            revisions: Names of the commit besides its hash.
            lfs: Paths that git-lfs holds.
            gated: Files are refused without a token.
        """
        text = json.dumps({path: blob_id(data) for path, data in sorted(files.items())})
        commit = hashlib.sha1(text.encode()).hexdigest()
        self.repositories[f"{kind}s", repository] = Repository(
            dict(files), frozenset(lfs), commit, revisions, gated
        )
        return commit


def blob_id(data: bytes) -> str:
    """The hash that git gives a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def running() -> Iterator[HubServer]:
    """A stand-in on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    hub = HubServer(f"http://127.0.0.1:{server.server_port}")
    server.hub = hub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    @property
    def hub(self) -> HubServer:
        return self.server.hub  # type: ignore[attr-defined, no-any-return]

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        self.hub.requests.append((self.command, path, self.headers["Authorization"]))
        self.hub.agents.add(self.headers["User-Agent"])
        length = int(self.headers["Content-Length"] or 0)
        form = parse_qs(self.rfile.read(length).decode())
        try:
            if self.hub.busy:
                self.hub.busy -= 1
                raise _Refusal(503, "")
            self._route(path, "recursive=true" in query.lower(), form.get("paths", []))
        except _Refusal as refusal:
            self._send(refusal.status, b"", {"X-Error-Code": refusal.code})

    def _route(self, path: str, recursive: bool, paths: list[str]) -> None:
        if match := _TREE.fullmatch(path):
            kind, name, question, revision, folder = match.groups()
            repository = self._find(kind, name, revision)
            if question == "tree":
                self._send_json(_tree(repository, unquote(folder or ""), recursive))
            else:
                self._send_json([repository.entry(p) for p in paths if p in repository.files])
        elif match := _INFO.fullmatch(path):
            kind, name, revision = match.groups()
            self._send_json(_info(name, self._find(kind, name, revision or "main")))
        elif match := _FILE.fullmatch(path):
            kind = "datasets" if match[1] else "models"
            self._send_file(self._find(kind, match[2], match[3]), unquote(match[4]))
        else:
            raise _Refusal(404, "NotFound")

    def _find(self, kind: str, name: str, revision: str) -> Repository:
        repository = self.hub.repositories.get((kind, name))
        if repository is None:
            # The hub does not tell strangers what is private from what is not there.
            raise _Refusal(404 if self.headers["Authorization"] else 401, "RepoNotFound")
        if unquote(revision) not in (repository.commit, *repository.revisions):
            raise _Refusal(404, "RevisionNotFound")
        return repository

    def _send_file(self, repository: Repository, path: str) -> None:
        if path not in repository.files:
            raise _Refusal(404, "EntryNotFound")
        if repository.gated and not self.headers["Authorization"] and self._is_hub():
            raise _Refusal(403, "GatedRepo")
        headers = {"X-Repo-Commit": repository.commit, "ETag": f'"{repository.etag(path)}"'}
        if path in repository.lfs and self._is_hub():
            self._redirect(repository, path, headers)
        else:
            data = repository.files[path]
            if path in self.hub.flipped:
                data = data[:-1] + bytes([data[-1] ^ 1])
            self._send_range(data, headers, path)

    def _is_hub(self) -> bool:
        return self.headers["Host"].startswith("127.0.0.1")

    def _redirect(self, repository: Repository, path: str, headers: dict[str, str]) -> None:
        linked = {
            "X-Linked-ETag": f'"{repository.etag(path)}"',
            "X-Linked-Size": str(len(repository.files[path])),
            "Location": self.hub.endpoint.replace("127.0.0.1", "localhost") + self.path,
        }
        self._send(302, b"", headers | linked)

    def _send_range(self, data: bytes, headers: dict[str, str], path: str) -> None:
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
        start = int(span[1]) if span else 0
        end = min(int(span[2] or len(data)) + 1, len(data)) if span else len(data)
        if span:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
        self._send(206 if span else 200, data[start:end], headers, short=path in self.hub.cut_short)

    def _send_json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], *, short: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:-1] if short else body)
            self.close_connection = self.close_connection or short


def _info(name: str, repository: Repository) -> dict[str, Any]:
    return {
        "id": name,
        "sha": repository.commit,
        "private": False,
        "gated": "manual" if repository.gated else False,
        "siblings": [{"rfilename": path} for path in sorted(repository.files)],
        "tags": [],
        "downloads": 0,
    }


def _tree(repository: Repository, folder: str, recursive: bool) -> list[dict[str, Any]]:
    prefix = f"{folder}/" if folder else ""
    inside = [path for path in sorted(repository.files) if path.startswith(prefix)]
    if not inside:
        raise _Refusal(404, "EntryNotFound")
    shallow = [path for path in inside if "/" not in path.removeprefix(prefix)]
    below = {path.removeprefix(prefix).partition("/")[0] for path in set(inside) - set(shallow)}
    folders = [{"type": "directory", "path": prefix + name, "oid": "0" * 40} for name in below]
    return folders + [repository.entry(path) for path in (inside if recursive else shallow)]
