"""Compares what the watches told with what the API server lists.

A watch that is begun again does not tell which objects went meanwhile (kopf lists what is there),
and one that is broken tells nothing at all. Both show here.
"""

import asyncio
import logging
import time
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from preference_operator.bodies import Kind
from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import ClusterError, NotFound, Refused
from preference_operator.reach import Reach
from preference_operator.store import Store
from preference_operator.watching import SELECTORS, Changed

_LOG = logging.getLogger(__name__)


SETTLING_SECONDS = 5.0
"""What was listed may take so long to come by the watch, too."""
_LOOK_SECONDS = 0.1


@dataclass(slots=True, kw_only=True)
class Resync:
    """Looks whether the store is complete.

    reach: Which namespaces are listed; takes up those that cannot be.
    changed: Told of every PreferenceJob of which something was missing.
    reached: Told where other namespaces can be listed than before.
    settling: Most seconds between a list and the comparison with it.
    """

    cluster: Cluster
    store: Store
    reach: Reach
    changed: Changed
    reached: Callable[[], None]
    settling: float = SETTLING_SECONDS

    async def behind(self) -> frozenset[str]:
        """Drop what is gone from the store; uids of what it does not hold, or holds too old.

        An object that went after it was listed, and whose end no watch told of, is among them; it
        will not be a second time.

        Raises:
            ClusterError: A list could not be read.

        """
        listed = await self._list_all()
        end = time.monotonic() + self.settling
        while (missing := self._missing(listed)) and time.monotonic() < end:
            # Waiting is cheap, and a list of thousands is not.
            await asyncio.sleep(_LOOK_SECONDS)
        return missing

    def _missing(self, listed: Mapping[Kind, Mapping[str, int]]) -> frozenset[str]:
        return frozenset(
            uid
            for kind, versions in listed.items()
            for uid, version in versions.items()
            if not self.store.knows(kind, uid, version)
        )

    async def _list_all(self) -> Mapping[Kind, Mapping[str, int]]:
        """Every object with its version; those known before that are not in it go."""
        before = {kind: self.store.uids(kind) for kind in Kind}
        lists = await self._lists()
        listed = {kind: dict(ChainMap(*(one[kind] for one in lists))) for kind in Kind}
        for kind in Kind:
            for uid in before[kind] - listed[kind].keys():
                if self.store.namespace(kind, uid) not in self.reach.refused:
                    self._drop(kind, uid)
        return listed

    async def _lists(self) -> list[dict[Kind, dict[str, int]]]:
        """Of each namespace that can be listed, or of all at once."""
        lists: list[dict[Kind, dict[str, int]]] = []
        refused: dict[str, ClusterError] = {}
        for namespace in self.reach.namespaces or (None,):
            try:
                lists.append({kind: await self._list(kind, namespace) for kind in Kind})
            except (Refused, NotFound) as error:
                if namespace is None:
                    raise
                refused[namespace] = error
        self._note(refused)
        return lists

    def _note(self, refused: Mapping[str, ClusterError]) -> None:
        if refused and len(refused) == len(self.reach.namespaces):
            # No news of a namespace, but of the API server or of the operator's rights.
            raise next(iter(refused.values()))
        if self.reach.note(refused):
            self.reached()

    async def _list(self, kind: Kind, namespace: str | None) -> dict[str, int]:
        _version, found = await self.cluster.list_metadata(kind, namespace, SELECTORS[kind])
        return {one.uid: int(one.resource_version) for one in found}

    def _drop(self, kind: Kind, uid: str) -> None:
        _LOG.info("an object is gone that no watch told of", extra={"kind": kind, "uid": uid})
        key = self.store.drop(kind, uid)
        if key is not None:
            self.changed(key)
