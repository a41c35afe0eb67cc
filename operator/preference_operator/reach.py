"""Which of the watched namespaces can be read.

One that was deleted with its Role, or whose rights were taken, must not stop work on the others.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from preference_operator.objects import Key

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Reach:
    """The namespaces of the settings, as they can be read.

    namespaces: Those to watch; empty where all are.
    refused: Those that could not be listed.
    unknown: Those of which the store need not hold all: refused now, or not listed whole since.
    """

    namespaces: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()

    @property
    def readable(self) -> tuple[str, ...]:
        """Those that can be watched; empty where all namespaces are."""
        return tuple(one for one in self.namespaces if one not in self.refused)

    def knows(self, key: Key) -> bool:
        """Whether a PreferenceJob of this name is known with all that belongs to it."""
        return key[0] not in self.unknown

    def note(self, refused: Collection[str]) -> bool:
        """Take up which namespaces could not be listed just now; True where others could before."""
        before, self.refused = self.refused, frozenset(refused)
        self.unknown |= self.refused
        _warn(sorted(self.refused - before))
        return self.refused != before

    def complete(self) -> None:
        """Take up that the store holds everything that could be listed."""
        self.unknown = self.refused


def _warn(refused: Iterable[str]) -> None:
    for namespace in refused:
        _LOG.warning(
            "namespace %s is to be watched and cannot be listed; nothing is done there until it can"
            " be: create it with the operator's Role, or take it out of watchNamespaces",
            namespace,
        )
