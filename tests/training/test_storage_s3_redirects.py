"""Redirects of an S3 server: no request, and no credential, goes where they lead."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from preference_api.v1alpha1.storage import Storage
from preference_trainer.errors import StorageRefused, TrainerError
from preference_trainer.storage import s3_client
from preference_trainer.storage.location import Location
from preference_trainer.storage.s3 import open_s3

SECRET = "canary-of-redirects"
REGION = {"x-amz-bucket-region": "eu-west-1"}
_MOST_REQUESTS = 12
"""To the endpoint, for one thing that is asked: tries by HEAD and by GET, each in two regions."""
ERROR = """<Error><Code>TemporaryRedirect</Code><Endpoint>{host}</Endpoint>
<Bucket>bucket</Bucket></Error>"""
CALLS: dict[str, Callable[[Location], Any]] = {
    "stat": lambda place: place.stat(),
    "read": lambda place: place.read(),
    "list": lambda place: list(place.list()),
    "write": lambda place: place.write(b"x"),
}


@contextmanager
def listening(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """An HTTP server that gives every request the same answer; its host and port."""

    class Handler(BaseHTTPRequestHandler):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return lambda: answer(self)
            raise AttributeError(name)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that nobody is to reach, and what reached it."""
    reached: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        reached.append(f"{request.command} {request.path} {request.headers}")
        request.send_response(200)
        request.end_headers()

    with listening(answer) as host:
        yield host, reached


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """A canary; and no second try, since botocore takes 303 for a broken connection."""
    monkeypatch.setattr(s3_client, "TRIES", 1)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@contextmanager
def redirecting(
    status: int, target: str, headers: dict[str, str]
) -> Iterator[tuple[str, list[str]]]:
    """A server that sends every request to another host; its URL, and what it was asked."""
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.command)
        request.rfile.read(int(request.headers.get("Content-Length") or 0))
        body = b"" if request.command == "HEAD" else ERROR.format(host=target).encode()
        request.send_response(status)
        for name, value in {"Location": f"http://{target}{request.path}", **headers}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    with listening(answer) as host:
        yield f"http://{host}", asked


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("headers", [{}, REGION], ids=["no region", "region"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    elsewhere: tuple[str, list[str]], status: int, headers: dict[str, str], call: str
) -> None:
    host, reached = elsewhere
    with redirecting(status, host, headers) as (endpoint, asked):
        storage = Storage(endpoint=endpoint, region="us-east-1")
        with pytest.raises(TrainerError) as refused:
            CALLS[call](open_s3("bucket/key", storage))
    assert reached == []
    assert 0 < len(asked) <= _MOST_REQUESTS
    assert SECRET not in refused.value.message


def test_whoever_named_a_server_that_redirects_is_told(elsewhere: tuple[str, list[str]]) -> None:
    def to_https(request: BaseHTTPRequestHandler) -> None:
        request.send_response(308)
        request.send_header("Location", f"https://{elsewhere[0]}{request.path}")
        request.send_header("Content-Length", "0")
        request.end_headers()

    with listening(to_https) as host, pytest.raises(StorageRefused) as refused:
        open_s3("bucket/key", Storage(endpoint=f"http://{host}", region="us-east-1")).read()
    assert refused.value.reason == "Redirected"
    assert "storage.endpoint" in refused.value.remedy
    assert elsewhere[1] == []


@pytest.mark.parametrize("region", ["evil.example/#", "a@evil.example", "-", "x" * 300])
def test_a_region_that_is_none_leads_nowhere(region: str) -> None:
    headers = {"x-amz-bucket-region": region}
    with redirecting(301, "evil.invalid", headers) as (endpoint, asked):
        storage = Storage(endpoint=endpoint, region="us-east-1")
        with pytest.raises(TrainerError):
            open_s3("bucket/key", storage).stat()
    assert 0 < len(asked) <= _MOST_REQUESTS
