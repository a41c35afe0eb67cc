"""The Lease under faults: outages, lost answers, frozen processes."""

import asyncio
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import api_proxy
import credentials
from api_faults import asking
from api_proxy import ApiProxy
from candidates import MOST_SECONDS, World, eventually, play
from control_plane import ControlPlane
from preference_operator.cluster_errors import NotLeading

pytestmark = pytest.mark.cluster


LOOKS = asking(path="/leases")
ALWAYS = 1_000_000


@pytest.fixture
def proxy(api_server: ControlPlane) -> Iterator[ApiProxy]:
    with api_proxy.before(api_server) as proxy:
        yield proxy


def behind(proxy: ApiProxy, folder: Path) -> str:
    """A kubeconfig that leads through the proxy."""
    path = folder / "kubeconfig"
    bearer = credentials.token(credentials.ADMINISTRATOR)
    credentials.write_kubeconfig(path, server=proxy.url, certificate=path, bearer=bearer)
    return str(path)


@pytest.mark.parametrize("is_short", [True, False])
def test_an_outage(
    api_server: ControlPlane, proxy: ApiProxy, tmp_path: Path, is_short: bool
) -> None:
    """A short one ends within the renew time; the long one outlasts it."""
    times = {"renew_seconds": 60 if is_short else 1, "lease_seconds": 90}

    async def story(world: World) -> None:
        first = await world.candidate("first", kubeconfig=behind(proxy, tmp_path), **times)
        await first.leads()
        proxy.refuse(LOOKS, times=ALWAYS)
        await eventually(lambda: not first.election.reachable)
        if is_short:
            proxy.heal()
            await world.renewals(3)
            first.election.require()
        else:
            await first.loses()

    play(api_server, story)


def test_lost_answers_lose_no_lease(
    api_server: ControlPlane, proxy: ApiProxy, tmp_path: Path
) -> None:
    times = {"renew_seconds": 60, "lease_seconds": 90}

    async def story(world: World) -> None:
        proxy.lose_answer(asking("POST", "/leases"))
        proxy.lose_answer(asking("PUT", "/leases"), nth=2, times=6)
        first = await world.candidate("first", kubeconfig=behind(proxy, tmp_path), **times)
        await first.leads()
        await world.renewals(10)
        assert proxy.count(asking("PUT", "/leases")) > 8
        first.election.require()
        assert (await world.lease())["spec"]["leaseTransitions"] == 2

    play(api_server, story)


def test_time_that_passed_unseen_counts(api_server: ControlPlane) -> None:
    passed = 0.0

    async def story(world: World) -> None:
        nonlocal passed
        first = await world.candidate(
            "first", clock=lambda: time.monotonic() + passed, lease_seconds=600, renew_seconds=500
        )
        await first.leads()
        passed = 501.0
        with pytest.raises(NotLeading):
            first.election.require()
        await first.loses()

    play(api_server, story)


PROCESS = """
import asyncio, sys
from preference_operator.cluster import Cluster
from preference_operator.election import Election
from preference_operator.settings import Settings

async def main():
    settings = Settings.model_validate_json(sys.argv[1])
    async with Cluster.connect(settings) as cluster:
        election = Election(cluster, settings)
        task = asyncio.create_task(election.run())
        await election.leading.wait()
        print("leading", flush=True)
        sys.stdin.readline()
        print("certain" if election.holds_certainly() else "uncertain", flush=True)
        await task

asyncio.run(main())
"""


def test_a_process_that_was_frozen_knows_that_time_went_by(api_server: ControlPlane) -> None:
    async def story(world: World) -> None:
        settings = world.settings("frozen").model_dump_json()
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        world.stack.callback(process.kill)
        assert process.stdin is not None
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "leading\n"
        process.send_signal(signal.SIGSTOP)
        second = await world.candidate("second")
        await second.leads()
        process.send_signal(signal.SIGCONT)
        process.stdin.write("\n")
        process.stdin.flush()
        assert await asyncio.to_thread(process.stdout.readline) == "uncertain\n"
        assert await asyncio.to_thread(process.wait, MOST_SECONDS) == 0
        second.election.require()

    play(api_server, story)


def test_a_lease_out_of_reach_is_told_once(
    api_server: ControlPlane,
    proxy: ApiProxy,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(world: World) -> None:
        proxy.answer(LOOKS, 403, times=ALWAYS)
        first = await world.candidate("first", kubeconfig=behind(proxy, tmp_path))
        await eventually(lambda: proxy.count(LOOKS) >= 5)
        assert not first.election.reachable
        assert not first.election.leading.is_set()
        proxy.heal()
        await first.leads()
        assert first.election.reachable

    with caplog.at_level(logging.WARNING):
        play(api_server, story)
    assert [record.getMessage() for record in caplog.records] == [
        "the Lease is out of reach: the proxy of the tests answers 403"
    ]
