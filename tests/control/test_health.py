"""What the operator answers when it is asked how it is."""

import asyncio
import socket
from contextlib import suppress

import aiohttp
import pytest

from preference_operator.health import Check, HealthServer, LoopLag, failing
from preference_operator.settings import SettingsError
from skipping_loop import run


def hosts() -> list[str]:
    """This machine's own addresses, of IP version 6 only where it has one."""
    with socket.socket(socket.AF_INET6) as probe, suppress(OSError):
        probe.bind(("::1", 0))
        return ["127.0.0.1", "[::1]"]
    return ["127.0.0.1"]


def well() -> None:
    return None


def ill() -> str:
    return "no event for 90 seconds"


def broken() -> str:
    raise KeyError("watch")


@pytest.mark.parametrize(
    ("checks", "code", "expected"),
    [
        ({}, 200, {}),
        ({"lease": well}, 200, {}),
        ({"lease": well, "watch": ill}, 503, {"watch": "no event for 90 seconds"}),
        ({"watch": broken}, 503, {"watch": "KeyError: 'watch'"}),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", hosts())
def test_answers(
    host: str, path: str, checks: dict[str, Check], code: int, expected: dict[str, str]
) -> None:
    asked, other = checks, {"other": ill}
    liveness, readiness = (asked, other) if path == "/healthz" else (other, asked)

    async def main() -> None:
        server = HealthServer(0, liveness=liveness, readiness=readiness)
        port = await server.start()
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{host}:{port}{path}") as answer:
                assert (answer.status, await answer.json()) == (code, {"failing": expected})
            await server.stop()
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(f"http://{host}:{port}{path}")

    asyncio.run(main())


def test_a_port_that_is_taken() -> None:
    async def main() -> None:
        first = HealthServer(0, liveness={}, readiness={})
        port = await first.start()
        second = HealthServer(port, liveness={}, readiness={})
        with pytest.raises(SettingsError, match=f"PREFERENCE_OPERATOR_HEALTH_PORT={port}: Address"):
            await second.start()
        await first.stop()

    asyncio.run(main())


def test_checks_are_asked_each_time() -> None:
    answers = iter(["ill", None])
    checks = {"watch": lambda: next(answers)}
    assert failing(checks) == {"watch": "ill"}
    assert failing(checks) == {}


def test_a_loop_that_runs_is_not_late() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        lag = LoopLag(most_seconds=2, clock=clock)
        task = asyncio.create_task(lag.run())
        for _ in range(20):
            await asyncio.sleep(0.7)
            assert lag.check() is None
        task.cancel()

    run(main())


def test_a_loop_that_was_blocked_is_late_until_it_runs_again() -> None:
    async def main() -> None:
        blocked = 0.0
        loop = asyncio.get_running_loop()
        lag = LoopLag(most_seconds=2, clock=lambda: loop.time() + blocked)
        task = asyncio.create_task(lag.run())
        await asyncio.sleep(0)
        blocked = 10.0
        assert lag.check() == "the event loop is 9.0 seconds late"
        await asyncio.sleep(1.1)
        assert lag.check() is None
        task.cancel()

    run(main())
