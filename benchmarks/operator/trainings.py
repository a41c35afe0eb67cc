"""What nodes and pods would do: checks end well, trainings run and tell how far they are."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from aiohttp import web
from client import AT_ONCE, Body, Client

from pods import NODE
from preference_api.v1alpha1.status import Resolved, Stage
from preference_api.wire import (
    STAGE_LABEL,
    CheckSummary,
    ExitCode,
    LiveProgress,
    TerminationMessage,
)

ADDRESS = "127.0.0.1"
_STEPS = 100_000


@dataclass(slots=True)
class Nodes:
    """Ends every check pod of a namespace and starts every training pod, as they come."""

    client: Client
    path: str
    running: int = 0
    _seen: set[str] = field(default_factory=set)
    _came: asyncio.Queue[Body] = field(default_factory=asyncio.Queue)

    @classmethod
    @asynccontextmanager
    async def at_work(cls, client: Client, path: str) -> AsyncIterator[Self]:
        nodes, version = cls(client, path), await client.version(path)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(nodes._watch(version))]
            tasks += [group.create_task(nodes._work()) for _ in range(AT_ONCE)]
            yield nodes
            for task in tasks:
                task.cancel()

    async def until_running(self, count: int, *, seconds: float) -> None:
        """Return once so many trainings run.

        Raises:
            TimeoutError: They did not in so many seconds.
        """
        async with asyncio.timeout(seconds):
            while self.running < count:
                await asyncio.sleep(0.1)

    async def _watch(self, version: str) -> None:
        async for body in self.client.watch(self.path, version):
            uid = body["metadata"]["uid"]
            if uid not in self._seen:
                self._seen.add(uid)
                self._came.put_nowait(body)

    async def _work(self) -> None:
        while True:
            pod = await self._came.get()
            name = pod["metadata"]["name"]
            binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": NODE}}
            await self.client.create(f"{self.path}/{name}/binding", binding)
            training = pod["metadata"]["labels"][STAGE_LABEL] == "train"
            status = _running(pod) if training else _checked(pod)
            await self.client.patch(f"{self.path}/{name}/status", {"status": status})
            self.running += training


@dataclass(slots=True)
class Figures:
    """Answers for every training at one address, further on at every look.

    answers: How many were given.
    """

    answers: int = 0
    _begun: float = field(default_factory=time.monotonic)

    @classmethod
    @asynccontextmanager
    async def served(cls, port: int) -> AsyncIterator[Self]:
        figures, application = cls(), web.Application()
        application.router.add_get("/progress", figures._answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, ADDRESS, port).start()
        try:
            yield figures
        finally:
            await runner.cleanup()

    async def until_answered(self, count: int, *, seconds: float) -> None:
        """Return once so many answers were given.

        Raises:
            TimeoutError: They were not in so many seconds.
        """
        async with asyncio.timeout(seconds):
            while self.answers < count:
                await asyncio.sleep(0.1)

    async def _answer(self, _request: web.Request) -> web.Response:
        self.answers += 1
        text = self._progress().model_dump_json(by_alias=True)
        return web.Response(text=text, content_type="application/json")

    def _progress(self) -> LiveProgress:
        step = int(10 * (time.monotonic() - self._begun))
        return LiveProgress(
            stage=Stage.TRAIN,
            step=step,
            steps=_STEPS,
            percent=round(100 * step / _STEPS, 1),
            seconds_left=float(_STEPS - step),
            loss=0.6931,
            reward_margin=0.125,
            reward_accuracy=0.5625,
            tokens_per_second=1234.5,
            updated_at=datetime.now(UTC),
        )


def _checked(pod: Body) -> Body:
    name = pod["metadata"]["name"]
    resolved = Resolved(run_id=f"{name}-{'0' * 40}", dataset_digest="1" * 64, model_digest="2" * 64)
    check = CheckSummary(
        resolved=resolved, reused=False, pairs=1473, evaluation_pairs=100, dropped=27
    )
    word = TerminationMessage(exit_code=ExitCode.DONE, reason="Checked", check=check)
    message = word.model_dump_json(by_alias=True, exclude_none=True)
    now = _now()
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    state = {"terminated": {**ended, "message": message}}
    return {"phase": "Succeeded", "containerStatuses": [_container(pod, state, ready=False)]}


def _running(pod: Body) -> Body:
    now = _now()
    return {
        "phase": "Running",
        "startTime": now,
        "podIP": ADDRESS,
        "podIPs": [{"ip": ADDRESS}],
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": now}
            for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
        ],
        "containerStatuses": [_container(pod, {"running": {"startedAt": now}}, ready=True)],
    }


def _container(pod: Body, state: Body, *, ready: bool) -> Body:
    image = pod["spec"]["containers"][0]["image"]
    about = {"image": image, "imageID": f"sha256:{'3' * 64}", "containerID": f"c://{'4' * 64}"}
    return {"name": "trainer", "ready": ready, "restartCount": 0, "state": state, **about}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
