"""How calls find the API server, with which credentials, and how they fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio.config import incluster_config

import credentials
from cluster_calls import new_namespace
from control_plane import ControlPlane
from preference_operator.cluster_errors import ClusterError, Refused, Unavailable
from preference_operator.connection import USER_AGENT, Call, Connection
from preference_operator.settings import Settings

TOKEN = credentials.token(credentials.ADMINISTRATOR)
READ = Call(method="GET", path="/api/v1/namespaces/default")
WRITE = Call(
    method="POST",
    path="/api/v1/namespaces/default/configmaps",
    body={"metadata": {"generateName": "written-"}},
)


def sent(path: Path, *calls: Call) -> list[dict[str, Any]]:
    async def send_all() -> list[dict[str, Any]]:
        async with Connection.open(Settings(kubeconfig=str(path))) as connection:
            return [await connection.send(call) for call in calls]

    return asyncio.run(send_all())


@asynccontextmanager
async def answering(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """A server that gives one answer to everything, for what no API server does when asked."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def kubeconfig(folder: Path, url: str) -> Path:
    path = folder / "kubeconfig"
    credentials.write_kubeconfig(path, server=url, certificate=path, bearer=TOKEN)
    return path


def answered(
    folder: Path, answer: Callable[[web.Request], Awaitable[web.Response]], call: Call = READ
) -> dict[str, Any]:
    async def send() -> dict[str, Any]:
        async with answering(answer) as url:
            path = kubeconfig(folder, url)
            async with Connection.open(Settings(kubeconfig=str(path))) as connection:
                return await connection.send(call)

    return asyncio.run(send())


def test_an_answer_says_when_to_come_again(tmp_path: Path) -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.json_response({"message": "too busy"}, status=429, headers={"retry-after": "7"})

    with pytest.raises(Unavailable, match="too busy") as refusal:
        answered(tmp_path, busy)
    assert refusal.value.retry_after == 7


async def silent(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def hanging_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def talking(request: web.Request) -> web.Response:
    return web.Response(text="Welcome!")


async def stopping_halfway(request: web.Request) -> web.Response:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"{")
    return await hanging_up(request)


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (silent, "POST /write: no answer in 0.1 seconds"),
        (hanging_up, "POST /write: Server disconnected"),
        (stopping_halfway, "POST /write: Response payload is not completed"),
        (talking, "POST /write: the answer is not JSON"),
    ],
)
def test_an_answer_that_does_not_come(
    tmp_path: Path, server: Callable[[web.Request], Awaitable[web.Response]], words: str
) -> None:
    call = Call(method="POST", path="/write", body={}, seconds=0.1 if server is silent else 10)
    with pytest.raises(Unavailable, match=words):
        answered(tmp_path, server, call)


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9"):
        sent(kubeconfig(tmp_path, "http://127.0.0.1:9"), READ)


def test_the_operator_names_itself(tmp_path: Path) -> None:
    async def headers(request: web.Request) -> web.Response:
        return web.json_response(dict(request.headers))

    assert answered(tmp_path, headers)["User-Agent"] == USER_AGENT


@pytest.mark.cluster
def test_rights_that_are_missing(api_server: ControlPlane) -> None:
    namespace = new_namespace(api_server)
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    api_server.ask("POST", accounts, {"metadata": {"name": "powerless"}})
    path = api_server.account_kubeconfig(namespace, "powerless")
    with pytest.raises(
        Refused, match=f'"system:serviceaccount:{namespace}:powerless" cannot'
    ) as no:
        sent(path, WRITE)
    assert no.value.reason == "Forbidden"


@pytest.mark.cluster
def test_a_token_that_was_replaced_is_read_again(api_server: ControlPlane, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"

    def write(bearer: str) -> None:
        credentials.write_kubeconfig(
            path, server=api_server.url, certificate=api_server.certificate, bearer=bearer
        )

    async def send() -> list[dict[str, Any]]:
        write("expired")
        async with Connection.open(Settings(kubeconfig=str(path))) as connection:
            with pytest.raises(Unavailable, match="Unauthorized"):
                await connection.send(READ)
            path.write_text("{")
            with pytest.raises(Unavailable, match=f"KUBECONFIG={path}: "):
                await connection.send(READ)
            write(TOKEN)
            return list(await asyncio.gather(connection.send(READ), connection.send(WRITE)))

    read, written = asyncio.run(send())
    assert read["metadata"]["name"] == "default"
    assert written["metadata"]["name"].startswith("written-")


@pytest.fixture
def pod(
    api_server: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """The environment of a pod; called with the token that its file holds from now on."""
    token = tmp_path / "token"
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", api_server.url.rpartition(":")[2])
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(api_server.certificate))

    def hold(text: str) -> None:
        token.write_text(text)

    return hold


@pytest.mark.cluster
def test_a_pod_uses_its_service_account(pod: Callable[[str], None]) -> None:
    async def send() -> dict[str, Any]:
        pod("expired")
        async with Connection.open(Settings()) as connection:
            pod(TOKEN)
            return await connection.send(READ)

    assert asyncio.run(send())["metadata"]["name"] == "default"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), "no way to the API server: .*set KUBECONFIG to a kubeconfig file"),
        (Settings(kubeconfig="/nowhere"), "KUBECONFIG=/nowhere: "),
    ],
)
def test_no_way_to_the_api_server(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, words: str
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    async def connect() -> None:
        async with Connection.open(settings):
            pass

    with pytest.raises(ClusterError, match=words):
        asyncio.run(connect())
