"""When the watches last said something: an HTTP session that notes it for each of its streams.

kopf tells its handlers of changes alone. Bookmarks, by which the API server says every minute that
nothing changed, reach nobody; without them a quiet cluster would look like a broken watch.
"""

import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from preference_operator.bodies import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """When each path was last heard of, in seconds since 1970.

    clock: Gives such seconds.
    """

    clock: Callable[[], float] = time.time
    _paths: dict[str, float] = field(default_factory=dict)

    def heard(self, path: str) -> None:
        """Note that a path said something; others than those of watched resources are left out."""
        if _resource(path) in set(Kind):
            self._paths[path] = self.clock()

    def forget(self, namespaces: Collection[str]) -> None:
        """Leave out namespaces that are not watched any more."""
        for path in [*self._paths]:
            if any(f"/namespaces/{namespace}/" in path for namespace in namespaces):
                del self._paths[path]

    def by_resource(self) -> dict[str, float]:
        """When each resource last said something: of several namespaces, the most silent one."""
        moments: dict[str, float] = {}
        for path, moment in self._paths.items():
            resource = _resource(path)
            moments[resource] = min(moment, moments.get(resource, moment))
        return moments

    def session(self, **options: Any) -> aiohttp.ClientSession:
        """A session whose streams are heard.

        Args:
            options: Further ones of the session.

        """
        hearing = self

        class Response(aiohttp.ClientResponse):
            async def start(self, connection: Any) -> Self:
                await super().start(connection)
                if self.ok:
                    path = self.url.path
                    hearing.heard(path)
                    self.content = _Heard(self.content, lambda: hearing.heard(path))  # type: ignore[assignment]
                return self

        return aiohttp.ClientSession(response_class=Response, **options)


def _resource(path: str) -> str:
    return path.rpartition("/")[2]


class _Heard:
    """A body that is told of as its parts are read."""

    def __init__(self, content: aiohttp.StreamReader, heard: Callable[[], None]) -> None:
        self._content, self._heard = content, heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        async for part in self._content.iter_chunked(size):
            self._heard()
            yield part
