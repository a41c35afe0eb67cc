"""Where is counted: calls to a real API server, streams of watches, and the page itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from awaiting import until
from cluster_calls import new_namespace
from control_plane import ControlPlane
from preference_jobs import PreferenceJobs
from preference_operator.bodies import Kind
from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import ClusterError, NotLeading
from preference_operator.connection import Call, Connection
from preference_operator.health import HealthServer
from preference_operator.hearing import Hearing
from preference_operator.metrics import Metrics
from preference_operator.reach import Reach
from preference_operator.settings import Settings
from preference_operator.store import Store
from preference_operator.watching import Watches
from processes import free_port
from scrapes import told

CALLS = "preference_api_requests_total"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def keep_back() -> None:
    raise NotLeading("not any more")


async def asked(path: str, *calls: Call) -> Metrics:
    """Metrics after some calls, whatever became of them."""
    metrics = Metrics()
    settings = Settings(kubeconfig=path)
    async with Connection.open(settings, metrics) as connection:
        for call in calls:
            try:
                await connection.send(call)
            except ClusterError:
                continue
    return metrics


@pytest.mark.cluster
def test_calls_are_counted_by_what_they_ask_and_get(api_server: ControlPlane) -> None:
    namespace = new_namespace(api_server)
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    body = {"metadata": {"name": "one"}}
    stale = {"metadata": {"name": "one", "resourceVersion": "1"}}
    calls = (
        Call(method="POST", path=maps, body=body),
        Call(method="POST", path=maps, body=body),
        Call(method="PUT", path=f"{maps}/one", body=stale),
        Call(method="GET", path=f"{maps}/two"),
        Call(method="GET", path=maps),
        Call(method="DELETE", path=f"{maps}/one", guard=keep_back),
    )
    scrape = told(asyncio.run(asked(str(api_server.kubeconfig), *calls)))
    assert {dict(labels)["verb"]: 1 for name, labels in scrape.series if name == CALLS} == {
        "create": 1,
        "update": 1,
        "get": 1,
        "list": 1,
    }
    assert scrape.values(CALLS, "code") == {"201": 1, "409": 2, "404": 1, "200": 1}
    # That something exists already is no write that came too late.
    assert scrape.value("preference_api_conflicts_total") == 1
    seconds = scrape.values("preference_api_request_duration_seconds_count", "verb")
    assert seconds == {"create": 2, "update": 1, "get": 1, "list": 1}


@pytest.mark.cluster
def test_a_call_without_an_answer_is_counted_too(api_server: ControlPlane) -> None:
    async def cut_off() -> Metrics:
        metrics = Metrics()
        settings = Settings(kubeconfig=str(api_server.kubeconfig))
        async with Cluster.connect(settings, metrics) as cluster:
            cluster.connection._configuration.host = f"https://127.0.0.1:{free_port()}"
            with pytest.raises(ClusterError):
                await cluster.read_job("team", "job")
        return metrics

    scrape = told(asyncio.run(cut_off()))
    assert scrape.value(CALLS, verb="get", resource="jobs", code="error") == 1


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server that answers everything in one way; its URL."""
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def bookmarks(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _number in range(3):
        await answer.write(b'{"type": "BOOKMARK"}\n')
        await asyncio.sleep(0)
    return answer


async def refuse(_request: web.Request) -> web.Response:
    return web.Response(status=403)


class Clock:
    """Goes on by one with each look at it."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def listened(handler: Handler, *paths: str) -> tuple[Hearing, list[bytes]]:
    """What was heard at some paths, one after the other, and the parts of their bodies."""
    hearing, parts = Hearing(clock=Clock()), list[bytes]()

    async def listen() -> None:
        async with serving(handler) as url, hearing.session() as session:
            for path in paths:
                async with session.get(url + path) as answer:
                    parts.extend([part async for part in answer.content.iter_chunked(1000)])

    asyncio.run(listen())
    return hearing, parts


def test_every_part_of_a_stream_is_heard() -> None:
    hearing, parts = listened(bookmarks, "/apis/batch/v1/jobs?watch=true")
    assert b"".join(parts) == b'{"type": "BOOKMARK"}\n' * 3
    # The beginning of the answer is heard, too.
    assert hearing.by_resource() == {"jobs": len(parts) + 1}


def test_a_refusal_and_other_paths_say_nothing_of_a_watch() -> None:
    assert listened(refuse, "/api/v1/pods")[0].by_resource() == {}
    others = ("/version", "/api/v1/namespaces", "/api/v1/namespaces/pods/secrets")
    assert listened(bookmarks, *others)[0].by_resource() == {}


def test_of_several_namespaces_the_most_silent_one_counts() -> None:
    paths = [f"/api/v1/namespaces/{name}/pods" for name in ("a", "b", "b")]
    first = listened(bookmarks, paths[0])[0].by_resource()["pods"]
    assert listened(bookmarks, *paths)[0].by_resource() == {"pods": first}


@pytest.mark.cluster
def test_the_watches_are_heard_in_their_streams(
    api_server: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(api_server.kubeconfig))
    namespace, clock = new_namespace(api_server), Clock()
    settings = Settings(kubeconfig=str(api_server.kubeconfig), namespaces=(namespace,))
    hearing = Hearing(clock=clock)
    watches = Watches(
        store=Store(),
        settings=settings,
        changed=lambda _key: None,
        reach=Reach(settings.namespaces),
        hearing=hearing,
    )

    def make_something() -> None:
        # Each list and each watch, as it begins; then a change, for which nothing is asked anew.
        until(lambda: clock.now == 2 * len(Kind))
        PreferenceJobs(api_server, namespace).create()
        until(lambda: clock.now == 2 * len(Kind) + 1)
        assert hearing.by_resource()[Kind.PREFERENCE_JOBS] == clock.now

    async def watch() -> None:
        running = asyncio.create_task(watches.run())
        await asyncio.to_thread(make_something)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(watch())


async def page(accept: str) -> tuple[bytes, str]:
    return f"for {accept}".encode(), "text/x-odd; charset=utf-8; version=9"


def test_a_further_page_is_served_as_it_is() -> None:
    async def ask() -> None:
        server = HealthServer(0, liveness={}, readiness={}, pages={"/metrics": page})
        url = f"http://127.0.0.1:{await server.start()}/metrics"
        headers = {"Accept": "a/b"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            assert await answer.text() == "for a/b"
            assert answer.headers["Content-Type"] == "text/x-odd; charset=utf-8; version=9"
        await server.stop()

    asyncio.run(ask())
