"""Progress of trainings, asked from pods that may do anything."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from api_stand_in import Fault
from operator_builders import CHECKED, TRAIN
from operator_world import KEY, World
from preference_api.wire import LiveProgress
from preference_operator import progress
from preference_operator.bodies import Body, Kind
from preference_operator.cluster_errors import Conflict
from preference_operator.progress import ANSWER_BYTES, ProgressReader

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FIGURES = {"stage": "Train", "step": 7, "steps": 10, "percent": 70.0, "loss": 0.5}
SAVED = {**FIGURES, "checkpoint": {"uri": "s3://bucket/c", "step": 5}}
WRITE = "patch_status preference-operator-progress"


def says(value: object) -> Handler:
    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=value if isinstance(value, str) else json.dumps(value))

    return handle


async def hang(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def flood(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    try:
        while True:
            await answer.write(b" " * ANSWER_BYTES)
    except (ConnectionError, aiohttp.ClientError):
        return answer


async def dribble(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for letter in json.dumps(SAVED).encode():
        await answer.write(bytes([letter]))
        await asyncio.sleep(0)
    return answer


async def point_elsewhere(request: web.Request) -> web.StreamResponse:
    if request.path == "/secret":
        return web.json_response(SAVED)
    raise web.HTTPFound("/secret")


async def cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def training(address: str = "127.0.0.1") -> World:
    """A world in which a training pod runs at an address."""
    world = World().has()
    world.work()
    world.end(world.child("check"), 0, CHECKED)
    world.look()
    world.go_on()
    running = world.start(world.child(TRAIN))
    world.api.put(Kind.PODS, {**running, "status": {**running["status"], "podIP": address}})
    world.look()
    world.work()
    world.api.calls.clear()
    return world


def asked(
    world: World, handler: Handler, done: Callable[[], bool] | None = None
) -> list[web.Request]:
    """What a pod was asked that answers like this: three times, or until something is done."""
    asks: list[web.Request] = []

    async def listening(request: web.Request) -> web.StreamResponse:
        asks.append(request)
        return await handler(request)

    asyncio.run(_ask(world, listening, done or (lambda: len(asks) > 2)))
    return asks


async def _ask(world: World, handler: Handler, done: Callable[[], bool]) -> None:
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    reader = ProgressReader(controller=world.controller, port=port, seconds=0.01)
    reading = asyncio.create_task(reader.run())
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.005)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await runner.cleanup()


@pytest.mark.parametrize("handler", [says(SAVED), dribble])
def test_progress_is_written(handler: Handler) -> None:
    world = training()
    asked(world, handler, lambda: bool(world.queue.added))
    assert world.api.calls[0] == WRITE
    written = world.body["status"]["progress"]
    assert {name: written[name] for name in FIGURES} == FIGURES
    assert "checkpoint" not in written
    assert world.queue.added[0] == KEY


def test_progress_that_is_the_same_is_written_once() -> None:
    world = training()
    asked(world, says(SAVED))
    assert world.api.calls == [WRITE]
    assert world.queue.added == [KEY]


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "garbage",
        "[]",
        "{",
        "[" * 9999,
        {"stage": "Nothing"},
        {**FIGURES, "percent": 101},
        {**FIGURES, "unknown": 1},
    ],
)
def test_garbage_is_no_progress(garbage: object) -> None:
    world = training()
    asked(world, says(garbage))
    assert (world.api.calls, world.controller.live) == ([], {})


@pytest.mark.parametrize("handler", [flood, point_elsewhere, cut])
def test_a_pod_that_misbehaves_is_asked_again(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "ANSWER_SECONDS", 3600)
    world = training()
    assert {request.path for request in asked(world, handler)} == {"/progress"}
    assert world.api.calls == []


def test_a_pod_that_hangs_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "ANSWER_SECONDS", 0.05)
    world, hanging = training(), iter([hang] * 3)
    asked(
        world, lambda request: next(hanging, says(SAVED))(request), lambda: bool(world.queue.added)
    )
    assert world.body["status"]["progress"]["step"] == 7


def test_a_write_that_fails_is_made_with_the_next_answer() -> None:
    world = training()
    world.api.faults["patch_status"] = Fault(error=Conflict("changed"))
    asked(world, says(SAVED), lambda: "progress" in world.body.get("status", {}))
    assert world.api.calls == [WRITE, WRITE]
    assert world.queue.added == [KEY]


def pod_with(world: World, **status: object) -> Body:
    running = world.start(world.child(TRAIN))
    return {**running, "status": {**running["status"], **status}}


@pytest.mark.parametrize("status", [{"phase": "Pending"}, {"phase": "Failed"}, {"podIP": ""}])
def test_only_pods_that_run_are_asked(status: Body) -> None:
    world = training()
    reader = ProgressReader(controller=world.controller, port=1, seconds=1)
    assert [source.address for source in reader._sources()] == ["127.0.0.1"]
    world.api.put(Kind.PODS, pod_with(world, **status))
    world.look()
    assert list(reader._sources()) == []


def test_a_finished_object_gets_no_progress() -> None:
    world = training()
    running = pod_with(world)
    world.end(world.child(TRAIN), 6)
    world.look()
    world.work()
    assert world.job.end is not None
    world.api.put(Kind.PODS, running)
    world.look()
    world.api.calls.clear()
    asked(world, says(SAVED))
    assert world.api.calls == []


def test_answers_of_pods_that_are_gone_are_forgotten() -> None:
    world = training()
    world.controller.live = {"another": LiveProgress()}
    asked(world, says(SAVED), lambda: bool(world.queue.added))
    assert list(world.controller.live) == [pod_with(world)["metadata"]["uid"]]
