"""Attempts that ended early, counted by object and reason, of a bounded number of reasons each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from preference_operator.figures import label
from preference_operator.objects import Key

MOST_REASONS = 16
OTHER = "Other"
"""Reason of what ends for one more: the words are the pods', which may say anything."""


@dataclass(slots=True)
class AttemptCounts:
    """Counts that begin at nothing with each object, and go with it."""

    _counts: dict[Key, tuple[str, dict[str, int]]] = field(default_factory=dict)

    def add(self, key: Key, uid: str, reason: str, count: int) -> None:
        """Count attempts of an object; of another one of the name nothing is kept."""
        known, counts = self._counts.get(key, ("", {}))
        if known != uid:
            counts = {}
            self._counts[key] = (uid, counts)
        told = label(reason)
        if told not in counts and len(counts) >= MOST_REASONS:
            told = OTHER
        counts[told] = counts.get(told, 0) + count

    def forget(self, key: Key) -> None:
        """Drop the counts of an object that is gone."""
        self._counts.pop(key, None)

    def of(self, key: Key, uid: str) -> Mapping[str, int]:
        """The counts of an object by reason."""
        known, counts = self._counts.get(key, ("", {}))
        return counts if known == uid else {}

    def __len__(self) -> int:
        return len(self._counts)
