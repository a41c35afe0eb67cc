"""Choices that depend on nothing but the content: the same row is always chosen alike."""

import numpy as np
from numpy.typing import NDArray

from preference_trainer.dataset.index import Keys

_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_STEP = 0x9E3779B97F4A7C15


def shuffled(keys: Keys, purpose: int) -> Keys:
    """Hashes of hashes, independent of each other for each purpose (splitmix64's finaliser).

    Source: Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.
    """
    with np.errstate(over="ignore"):
        mixed = keys + np.uint64(_STEP * (purpose + 1) % 2**64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        return mixed ^ (mixed >> np.uint64(31))


def uniform(keys: Keys, purpose: int) -> NDArray[np.float64]:
    """Numbers in [0, 1), one for each key."""
    return (shuffled(keys, purpose) >> np.uint64(11)).astype(np.float64) / 2.0**53
