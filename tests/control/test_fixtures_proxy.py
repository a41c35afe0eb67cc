"""The proxy between the operator and the API server does what it is told, and nothing else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pytest
import urllib3

import api_proxy
import credentials
from api_faults import Asked, Side, asking
from api_proxy import ApiProxy
from control_plane import ControlPlane

pytestmark = pytest.mark.cluster

NO_ANSWER = urllib3.exceptions.ProtocolError


@dataclass(frozen=True)
class Client:
    """Asks the API server for ConfigMaps through the proxy, and looks straight at what is there."""

    plane: ControlPlane
    proxy: ApiProxy
    namespace: str
    bearer: str = credentials.token(credentials.ADMINISTRATOR)

    @cached_property
    def pool(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(retries=False, timeout=20)

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/configmaps"

    def send(self, method: str, path: str, body: Any = None) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {self.bearer}"}
        return self.pool.request(method, self.proxy.url + path, headers=headers, json=body)

    def create(self, name: str = "entry") -> urllib3.BaseHTTPResponse:
        return self.send("POST", self.path, {"metadata": {"name": name}})

    def exists(self, name: str = "entry") -> bool:
        return self.plane.request("GET", f"{self.path}/{name}")[0] == 200

    def watch(self, *, seconds: int = 300) -> Iterator[str]:
        """The names of ConfigMaps as a watch tells of them that may last so long."""
        answer = self.pool.request(
            "GET",
            f"{self.proxy.url}{self.path}",
            fields={
                "watch": "1",
                "timeoutSeconds": str(seconds),
                "fieldSelector": "metadata.name!=kube-root-ca.crt",
            },
            headers={"Authorization": f"Bearer {self.bearer}"},
            preload_content=False,
        )
        for line in answer:
            yield line.decode().partition('"name":"')[2].partition('"')[0]


@pytest.fixture(scope="module")
def shared(control: ControlPlane) -> Iterator[ApiProxy]:
    with api_proxy.before(control) as proxy:
        yield proxy


@pytest.fixture
def proxy(shared: ApiProxy) -> Iterator[ApiProxy]:
    yield shared
    shared.heal()
    shared.release_watches()
    shared.cut_watches()


@pytest.fixture
def client(control: ControlPlane, proxy: ApiProxy, namespace: str) -> Client:
    return Client(control, proxy, namespace)


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_answers_pass_unchanged(client: Client) -> None:
    assert client.create().status == 201
    straight = client.plane.ask("GET", f"{client.path}/entry")
    assert client.send("GET", f"{client.path}/entry").json() == straight
    assert client.send("GET", f"{client.path}/other").json()["reason"] == "NotFound"


def test_rights_are_those_of_the_one_who_asks(client: Client) -> None:
    nobody = replace(client, bearer="unknown")
    assert nobody.create().status == 401
    assert not client.exists()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, "Forbidden"), (409, "Conflict"), (429, "TooManyRequests"), (500, "InternalError")],
)
def test_an_answer_in_the_servers_name(client: Client, status: int, reason: str) -> None:
    client.proxy.answer(asking("POST", "configmaps$"), status, retry_after=7)
    answer = client.create()
    assert (answer.status, answer.json()["reason"]) == (status, reason)
    assert answer.headers["Retry-After"] == "7"
    assert not client.exists()
    assert client.create().status == 201


def test_only_the_requests_meant_are_met(client: Client) -> None:
    client.proxy.answer(asking("POST", "configmaps"), 500, nth=2, times=2)
    assert client.send("GET", client.path).status == 200
    assert [client.create(name).status for name in "abcd"] == [201, 500, 500, 201]


def test_a_lost_answer_belongs_to_a_write_that_was_made(client: Client) -> None:
    client.proxy.lose_answer(asking("POST"))
    with pytest.raises(NO_ANSWER):
        client.create()
    assert client.exists()


def test_a_refused_request_never_arrives(client: Client) -> None:
    client.proxy.refuse(asking("POST"))
    with pytest.raises(NO_ANSWER):
        client.create()
    assert not client.exists()


@pytest.mark.parametrize("side", Side)
def test_a_held_request_waits(client: Client, aside: ThreadPoolExecutor, side: Side) -> None:
    held = client.proxy.hold(asking("POST"), side)
    answer = aside.submit(client.create)
    held.await_reached()
    assert client.exists() is (side is Side.AFTER)
    assert not answer.done()
    held.release()
    assert answer.result().status == 201
    assert client.exists()


def test_a_dropped_request_never_arrives(client: Client, aside: ThreadPoolExecutor) -> None:
    held = client.proxy.hold(asking("POST"), Side.BEFORE)
    answer = aside.submit(client.create)
    held.await_reached()
    held.drop()
    assert isinstance(answer.exception(), NO_ANSWER)
    assert not client.exists()


@pytest.mark.parametrize("side", Side)
def test_the_killing_at_a_write(client: Client, side: Side) -> None:
    seen: list[bool] = []
    killed = client.proxy.kill_at_write(2, side, lambda: seen.append(client.exists("second")))
    assert client.create("first").status == 201
    assert not killed.done
    with pytest.raises(NO_ANSWER):
        client.create("second")
    killed.await_done()
    assert seen == [side is Side.AFTER]
    assert client.exists("second") is (side is Side.AFTER)


def test_writes_are_listed_without_reads_and_leases(client: Client) -> None:
    before = len(client.proxy.writes)
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{client.namespace}/leases"
    client.create()
    client.send("GET", f"{client.path}/entry")
    client.send("POST", lease, {"metadata": {"name": "leader"}})
    client.send("DELETE", f"{client.path}/entry")
    assert client.proxy.writes[before:] == [
        ("POST", client.path),
        ("DELETE", f"{client.path}/entry"),
    ]


def test_a_watch_tells_at_once_until_it_is_cut(client: Client) -> None:
    told = client.watch()
    client.create("first")
    assert next(told) == "first"
    client.create("second")
    assert next(told) == "second"
    client.proxy.cut_watches()
    with pytest.raises(NO_ANSWER):
        next(told)


def test_a_stalled_watch_stays_open_and_tells_later(
    client: Client, aside: ThreadPoolExecutor
) -> None:
    told, other = client.watch(), client.watch(seconds=301)
    client.create("first")
    assert (next(told), next(other)) == ("first", "first")
    client.proxy.stall_watches(lambda asked: asked.query["timeoutSeconds"] == "300")
    client.create("second")
    client.create("third")
    waiting = aside.submit(next, told)
    assert [next(other), next(other)] == ["second", "third"]
    assert not waiting.done()
    client.proxy.release_watches()
    assert [waiting.result(), next(told)] == ["second", "third"]


def test_a_cut_reaches_the_watches_meant(client: Client) -> None:
    told = client.watch()
    client.create("first")
    assert next(told) == "first"
    client.proxy.cut_watches(asking(path="/pods"))
    client.create("second")
    assert next(told) == "second"


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (Asked(method="POST", path="/apis/batch/v1/namespaces/team/jobs"), True),
        (Asked(method="GET", path="/apis/batch/v1/namespaces/team/jobs"), False),
        (Asked(method="POST", path="/api/v1/namespaces/team/pods"), False),
    ],
)
def test_requests_are_told_by_method_and_path(asked: Asked, fits: bool) -> None:
    when: Callable[[Asked], bool] = asking("POST", "/jobs$")
    assert when(asked) is fits
