"""Everything that a leading process does at once: watch, work, read progress, compare."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from preference_operator.act import Actor
from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import ClusterError
from preference_operator.controller import Controller
from preference_operator.hearing import Hearing
from preference_operator.metrics import Metrics
from preference_operator.objects import Key
from preference_operator.progress import ProgressReader
from preference_operator.queue import WorkQueue
from preference_operator.reach import Reach
from preference_operator.resync import Resync
from preference_operator.settings import Settings
from preference_operator.stopping import first
from preference_operator.store import Store
from preference_operator.watching import Watches

_LOG = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 0.5, 4.0
_MOST_MISSED = 3
_REFUSED_SECONDS = 30.0
"""Between two tries to list a namespace that could not be: rights may come back soon."""


@dataclass(slots=True, kw_only=True)
class Leader:
    """The work of one process.

    stop: Set where the process is told to stop.
    metrics: Count what is done.
    hearing: When the watches last said something.
    """

    cluster: Cluster
    settings: Settings
    metrics: Metrics = field(default_factory=Metrics)
    hearing: Hearing = field(default_factory=Hearing)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    store: Store = field(default_factory=Store)
    queue: WorkQueue = field(default_factory=WorkQueue)
    reach: Reach = field(init=False)
    _caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    _compared: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.reach = Reach(self.settings.namespaces)

    async def run(self) -> None:
        """Work until the process is told to stop, or this task is cancelled."""
        self._compared = time.monotonic()
        controller = self._controller()
        watches = Watches(
            store=self.store,
            settings=self.settings,
            changed=self.queue.add,
            reach=self.reach,
            hearing=self.hearing,
            stop=self.stop,
        )
        reader = ProgressReader(
            controller=controller,
            port=self.settings.trainer_port,
            seconds=self.settings.progress_seconds,
        )
        async with asyncio.TaskGroup() as group:
            work = group.create_task(self._work(controller))
            others = [group.create_task(reader.run()), group.create_task(self._compare(watches))]
            try:
                await watches.run()
                _LOG.info("told to stop; what is under way is brought to its end")
            finally:
                self.queue.stop()
                for other in [*others, *([] if self._caught_up.is_set() else [work])]:
                    other.cancel()

    @property
    def caught_up(self) -> bool:
        """Whether the store holds, or held once, everything that the API server lists."""
        return self._caught_up.is_set()

    async def _work(self, controller: Controller) -> None:
        """Work on what changed, once everything is known.

        Before that a Job that is not listed yet would be taken for one that does not exist.
        """
        await self._caught_up.wait()

        async def reconcile(key: Key) -> None:
            if self.reach.knows(key):
                await controller.reconcile(key)

        await self.queue.run(reconcile, self.settings.workers)

    def silent(self) -> str | None:
        """Why the process does not see the cluster any more; None where it does, or need not."""
        silence = time.monotonic() - self._compared
        if silence <= _MOST_MISSED * self.settings.resync_seconds:
            return None
        return f"for {silence:.0f} seconds the watches told less than there is, or lists failed"

    def _controller(self) -> Controller:
        actor = Actor(
            cluster=self.cluster, store=self.store, settings=self.settings, metrics=self.metrics
        )
        return Controller(actor=actor, store=self.store, queue=self.queue, knows=self.reach.knows)

    async def _compare(self, watches: Watches) -> None:
        """Compare the store with the API server: often until it is complete, then now and then."""
        resync = Resync(
            cluster=self.cluster,
            store=self.store,
            reach=self.reach,
            changed=self.queue.add,
            reached=watches.restart,
        )
        suspected: frozenset[str] = frozenset()
        pause = _FIRST_PAUSE_SECONDS
        while True:
            # Why the watches broke may show in the lists.
            await first(asyncio.sleep(pause), watches.broken.wait())
            watches.broken.clear()
            refused = self.reach.refused
            try:
                behind = await resync.behind()
            except ClusterError as error:
                _LOG.warning("the cluster could not be listed: %s", error)
                pause = max(pause, min(2 * pause, _MOST_PAUSE_SECONDS))
                continue
            if self.caught_up and behind & suspected:
                watches.restart()
            else:
                self._compared = time.monotonic()
            if not behind:
                self._complete()
            suspected = behind
            longer = min(2 * pause, _MOST_PAUSE_SECONDS)
            unsettled = behind or self.reach.refused != refused
            pause = longer if unsettled else self._pause()

    def _pause(self) -> float:
        """Seconds to the next comparison, where nothing was found missing."""
        most = _REFUSED_SECONDS if self.reach.refused else self.settings.resync_seconds
        return min(most, self.settings.resync_seconds)

    def _complete(self) -> None:
        """Everything is known: begin to work, or look at everything again."""
        self.reach.complete()
        if not self.caught_up:
            _LOG.info("caught up", extra={"objects": len(self.store.all_keys())})
            self._caught_up.set()
        for key in self.store.all_keys():
            self.queue.add(key)
