"""Compares what the watches told with what the API server lists.

A watch that is begun again does not tell which objects went meanwhile (kopf lists what is there),
and one that is broken tells nothing at all. Both show here.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from preference_operator.bodies import Kind
from preference_operator.cluster import Cluster
from preference_operator.settings import Settings
from preference_operator.store import Store
from preference_operator.watching import SELECTORS, Changed

_LOG = logging.getLogger(__name__)


SETTLING_SECONDS = 5.0
"""What was listed may take so long to come by the watch, too."""
_LOOK_SECONDS = 0.1


@dataclass(slots=True, kw_only=True)
class Resync:
    """Looks whether the store is complete.

    changed: Told of every PreferenceJob of which something was missing.
    settling: Most seconds between a list and the comparison with it.
    """

    cluster: Cluster
    store: Store
    settings: Settings
    changed: Changed
    settling: float = SETTLING_SECONDS

    async def behind(self) -> frozenset[str]:
        """Drop what is gone from the store; uids of what it does not hold, or holds too old.

        An object that went after it was listed, and whose end no watch told of, is among them; it
        will not be a second time.

        Raises:
            ClusterError: A list could not be read.

        """
        listed = {kind: await self._list(kind) for kind in Kind}
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

    async def _list(self, kind: Kind) -> dict[str, int]:
        """Every object of a kind with its version; those known before that are not in it go."""
        before = self.store.uids(kind)
        versions: dict[str, int] = {}
        for namespace in self.settings.namespaces or (None,):
            _version, found = await self.cluster.list_metadata(kind, namespace, SELECTORS[kind])
            versions |= {one.uid: int(one.resource_version) for one in found}
        for uid in before - versions.keys():
            self._drop(kind, uid)
        return versions

    def _drop(self, kind: Kind, uid: str) -> None:
        _LOG.info("an object is gone that no watch told of", extra={"kind": kind, "uid": uid})
        key = self.store.drop(kind, uid)
        if key is not None:
            self.changed(key)
