"""The watches, by kopf: what they tell goes into the store, and what changed into the queue.

No kopf handler is used that would store anything in the objects, and none of its indices: while
those are filled, every object that comes wakes every one that waits.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import kopf

from preference_api.v1alpha1 import GROUP, VERSION
from preference_api.wire import JOB_UID_LABEL
from preference_operator.bodies import Kind
from preference_operator.hearing import Hearing
from preference_operator.objects import Key
from preference_operator.reach import Reach
from preference_operator.settings import KUBECONFIG_VARIABLE, Settings
from preference_operator.stopping import first, listen
from preference_operator.store import Store

_LOG = logging.getLogger(__name__)

PREFIX = "preference.dev"
CHUNK_OBJECTS = 100
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
    hearing: Told whenever a watch says something.
    reach: Which namespaces are watched.
    stop: Set where the process is told to stop.
    broken: Set where the watches broke.
    """

    store: Store
    settings: Settings
    changed: Changed
    reach: Reach
    hearing: Hearing = field(default_factory=Hearing)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    broken: asyncio.Event = field(default_factory=asyncio.Event)
    _restart: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Watch until the process is told to stop; a watch that broke is begun again."""
        pause = _FIRST_PAUSE
        while not self.stop.is_set():
            try:
                await self._once()
            except Exception as error:
                _LOG.warning("the watches broke, and begin again: %s", error)
                self.broken.set()
            else:
                pause = _FIRST_PAUSE
            await first(asyncio.sleep(pause), self.stop.wait())
            self._restart.clear()
            pause = min(2 * pause, _MOST_PAUSE)

    def restart(self) -> None:
        """List everything again; for when the watches turn out not to have told all."""
        self._restart.set()

    async def _once(self) -> None:
        self.hearing.forget(self.reach.refused)
        ending = asyncio.ensure_future(first(self.stop.wait(), self._restart.wait()))
        try:
            tasks = await kopf.spawn_tasks(
                registry=self._registry(),
                settings=kopf_settings(self.settings),
                # kopf would ask for the name of the user, and the user of a container has none.
                identity=self.settings.identity,
                standalone=True,
                clusterwide=not self.reach.namespaces,
                namespaces=self.reach.readable,
                stop_flag=ending,
            )
            listen(self.stop)
            await kopf.run_tasks(tasks, ignored=_EveryTask())
        finally:
            ending.cancel()

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._log_in)
        for kind, resource in _RESOURCES.items():
            kopf.on.event(*resource, registry=registry, id=f"watch-{kind}")(self._watcher(kind))
        return registry

    async def _log_in(self, **arguments: Any) -> kopf.AiohttpSession | None:
        account = _account(**arguments)
        if account is None:
            return None
        return kopf.AiohttpSession(
            server=account.server,
            default_namespace=account.default_namespace,
            expiration=account.expiration,
            aiohttp_session=self.hearing.session(
                connector=aiohttp.TCPConnector(limit=0, ssl=account.as_ssl_context()),
                headers=account.as_http_headers(),
                proxy=account.proxy_url,
                trust_env=account.trust_env,
            ),
        )

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
    # kopf would kill the process so long after its watches broke, though they were begun again.
    options.process.ultimate_exiting_timeout = None
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


class _EveryTask(Collection[Any]):
    """Has kopf leave alone what else runs: at its end it would cancel all that began after it."""

    def __contains__(self, _task: object) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _NothingStored(kopf.DiffBaseStorage):  # type: ignore[misc]
    """Has kopf compare nothing: it would copy each object twice, and read its own annotation."""

    def build(self, **_others: Any) -> kopf.BodyEssence:
        return {}

    def fetch(self, **_others: Any) -> None:
        return None

    def store(self, **_others: Any) -> None:
        pass


def _account(**arguments: Any) -> kopf.ConnectionInfo | None:
    if os.environ.get(KUBECONFIG_VARIABLE):
        return kopf.login_with_kubeconfig(**arguments)
    account = kopf.login_with_service_account(**arguments)
    # kopf would ask DNS for the API server, whose address every pod is given.
    return account and replace(account, server=_server_of_the_pod())


def _server_of_the_pod() -> str:
    host, port = (os.environ[f"KUBERNETES_SERVICE_{name}"] for name in ("HOST", "PORT"))
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"
