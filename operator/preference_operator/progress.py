"""Reads how far trainings are from their pods, and writes it down at a bounded pace."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import aiohttp
from pydantic import ValidationError

from preference_api.children import ChildStage
from preference_api.v1alpha1.status import Progress
from preference_api.wire import STAGE_LABEL, LiveProgress
from preference_operator.bodies import Body
from preference_operator.cluster_errors import ClusterError
from preference_operator.controller import Controller
from preference_operator.logs import about
from preference_operator.objects import Job, Key, read_job

_LOG = logging.getLogger(__name__)

ANSWER_SECONDS = 3.0
ANSWER_BYTES = 16 * 1024
AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A training pod that can be asked; `pod` is its uid."""

    key: Key
    pod: str
    address: str


@dataclass(slots=True, kw_only=True)
class ProgressReader:
    """Asks every running training pod once a period, spread over it.

    Pods are asked and not heard: they have no rights in the Kubernetes API.
    """

    controller: Controller
    port: int
    seconds: float
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def run(self) -> None:
        """Ask until cancelled."""
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            connector=aiohttp.TCPConnector(limit=AT_ONCE, force_close=True),
        ) as session:
            while True:
                await self._round(session)

    async def _round(self, session: aiohttp.ClientSession) -> None:
        """One look at every pod, evenly spread over the period."""
        sources = list(self._sources())
        self._forget_others(sources)
        begun, pause = time.monotonic(), self.seconds / max(1, len(sources))
        async with asyncio.TaskGroup() as group:
            for number, source in enumerate(sources, start=1):
                await self._places.acquire()
                group.create_task(self._look(session, source))
                await asyncio.sleep(max(0.0, begun + number * pause - time.monotonic()))
        if not sources:
            await asyncio.sleep(min(self.seconds, 1.0))

    def _forget_others(self, sources: Sequence[Source]) -> None:
        live = self.controller.live
        for pod in live.keys() - {source.pod for source in sources}:
            del live[pod]

    def _sources(self) -> Iterator[Source]:
        for key, pod in self.controller.store.running_pods():
            if _training(pod):
                uid, address = pod["metadata"]["uid"], pod["status"]["podIP"]
                yield Source(key=key, pod=uid, address=address)

    async def _look(self, session: aiohttp.ClientSession, source: Source) -> None:
        try:
            answer = await self._ask(session, source)
            if answer is not None:
                await self._tell(source, answer)
        except ClusterError as error:
            _LOG.debug("progress not written: %s", error, extra=about(source.key))
        except Exception:
            _LOG.exception("progress not read", extra=about(source.key))
        finally:
            self._places.release()

    async def _ask(self, session: aiohttp.ClientSession, source: Source) -> LiveProgress | None:
        host = f"[{source.address}]" if ":" in source.address else source.address
        url = f"http://{host}:{self.port}/progress"
        try:
            # Where a pod points to, nobody goes: the operator reaches more than the pod does.
            async with session.get(url, allow_redirects=False) as answer:
                return LiveProgress.model_validate_json(await _beginning(answer.content))
        except (aiohttp.ClientError, TimeoutError, ValidationError) as error:
            _LOG.debug("no progress: %s", error, extra=about(source.key))
            return None

    async def _tell(self, source: Source, answer: LiveProgress) -> None:
        controller = self.controller
        body = controller.store.preference_job(source.key)
        if body is None:
            return
        before = controller.live.get(source.pod)
        controller.live[source.pod] = answer
        try:
            await self._write(read_job(body), answer)
        finally:
            # Afterwards, since a pass would write at the same resource version.
            if before is None or _turn(before) != _turn(answer):
                controller.queue.add(source.key)

    async def _write(self, job: Job, answer: LiveProgress) -> None:
        progress = Progress.model_validate(answer.model_dump(exclude={"checkpoint"}))
        if progress != job.status.progress and job.end is None:
            await self.controller.actor.write_progress(job, progress)


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    """What an answer holds, or its first bytes where it holds more than a progress does."""
    found = b""
    async for part in content.iter_any():
        found += part
        if len(found) > ANSWER_BYTES:
            break
    return found


def _turn(answer: LiveProgress) -> tuple[object, ...]:
    """What of an answer the rest of the status speaks of."""
    return answer.stage, answer.checkpoint


def _training(pod: Body) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return labels.get(STAGE_LABEL) == ChildStage.TRAIN and bool(pod["status"].get("podIP"))
