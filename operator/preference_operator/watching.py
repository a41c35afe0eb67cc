"""The watches, by kopf: what they tell goes into the store, and what changed into the queue.

No kopf handler is used that would store anything in the objects, and none of its indices: while
those are filled, every object that comes wakes every one that waits.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import kopf

from preference_api.v1alpha1 import GROUP, VERSION
from preference_api.wire import JOB_UID_LABEL
from preference_operator.bodies import Kind
from preference_operator.objects import Key
from preference_operator.settings import KUBECONFIG_VARIABLE, Settings
from preference_operator.store import Store

_LOG = logging.getLogger(__name__)

PREFIX = "preference.dev"
CHUNK_OBJECTS = 500
_IDLE_SECONDS = 0.1
_FIRST_PAUSE, _MOST_PAUSE = 1.0, 30.0

_RESOURCES: Mapping[Kind, tuple[str, str, str]] = {
    Kind.PREFERENCE_JOBS: (GROUP, VERSION, "preferencejobs"),
    Kind.JOBS: ("batch", "v1", "jobs"),
    Kind.PODS: ("", "v1", "pods"),
}
SELECTORS: Mapping[Kind, str] = {
    Kind.PREFERENCE_JOBS: "",
    Kind.JOBS: JOB_UID_LABEL,
    Kind.PODS: JOB_UID_LABEL,
}
"""Label selectors, applied by the API server: other people's pods are never sent."""

Changed = Callable[[Key], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watches:
    """The watches of one process.

    changed: Told of every PreferenceJob of which anything changed.
    """

    store: Store
    settings: Settings
    changed: Changed
    _restart: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Watch until the process is told to stop; a watch that broke is begun again."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._once()
            except Exception as error:
                _LOG.warning("the watches broke, and begin again: %s", error)
            else:
                if not self._restart.is_set():
                    return
                pause = _FIRST_PAUSE
            self._restart.clear()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _MOST_PAUSE)

    def restart(self) -> None:
        """List everything again; for when the watches turn out not to have told all."""
        self._restart.set()

    async def _once(self) -> None:
        stop = asyncio.Event()
        waiter = asyncio.ensure_future(self._restart.wait())
        waiter.add_done_callback(lambda _done: stop.set())
        try:
            await kopf.operator(
                registry=self._registry(),
                settings=kopf_settings(self.settings),
                standalone=True,
                clusterwide=not self.settings.namespaces,
                namespaces=self.settings.namespaces,
                stop_flag=stop,
            )
        finally:
            waiter.cancel()

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(_log_in)
        for kind, resource in _RESOURCES.items():
            kopf.on.event(*resource, registry=registry, id=f"watch-{kind}")(self._watcher(kind))
        return registry

    def _watcher(self, kind: Kind) -> Callable[..., Awaitable[None]]:
        async def watcher(event: Mapping[str, Any], **_others: Any) -> None:
            self._take(kind, event["type"], event["object"])

        return watcher

    def _take(self, kind: Kind, change: str | None, body: Mapping[str, Any]) -> None:
        key = self.store.key_of(kind, body)
        if change == "DELETED":
            metadata = body["metadata"]
            self.store.drop(kind, metadata["uid"], version=int(metadata["resourceVersion"]))
        elif not self.store.put(kind, body) and change == "MODIFIED":
            return
        if key is not None:
            self.changed(key)


def kopf_settings(settings: Settings) -> kopf.OperatorSettings:
    """Options of kopf: no Events, no finalizers, no waiting on its own; selectors at the server."""
    options = kopf.OperatorSettings()
    options.posting.enabled = False
    options.persistence.finalizer = f"{PREFIX}/finalizer"
    options.persistence.diffbase_storage = _NothingStored()
    # So long kopf keeps the task of an object, and the last event of it, in case of another.
    options.queueing.idle_timeout = _IDLE_SECONDS
    options.scanning.disabled = True
    options.watching.chunk_size = CHUNK_OBJECTS
    options.watching.server_timeout = 300
    options.watching.client_timeout = 330
    options.watching.inactivity_timeout = settings.watch_seconds
    options.networking.request_timeout = 30
    options.networking.error_backoffs = (0.5, 1, 2, 4)
    for kind, selector in SELECTORS.items():
        if selector:
            options.watching.label_selectors[_RESOURCES[kind]] = selector
    return options


class _NothingStored(kopf.DiffBaseStorage):
    """Has kopf compare nothing: it would copy each object twice, and read its own annotation."""

    def build(self, **_others: Any) -> kopf.BodyEssence:
        return {}

    def fetch(self, **_others: Any) -> None:
        return None

    def store(self, **_others: Any) -> None:
        pass


async def _log_in(**arguments: Any) -> kopf.ConnectionInfo | None:
    if os.environ.get(KUBECONFIG_VARIABLE):
        return kopf.login_with_kubeconfig(**arguments)
    return kopf.login_with_service_account(**arguments)
