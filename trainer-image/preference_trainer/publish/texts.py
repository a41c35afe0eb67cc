"""The few texts that a report shows: pairs at both ends, and samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from preference_trainer.evaluation.arrays import PairArrays
from preference_trainer.evaluation.examples import Example, Sample
from preference_trainer.publish.numbers import count

MOST_CHARACTERS = 3000
MOST_SAMPLES = 16
EXTREMES = 4


@dataclass(frozen=True, slots=True)
class ShownPair:
    """A held-out pair with its implicit reward margin in nats."""

    example: Example
    margin: float


def extremes(
    examples: Sequence[Example], arrays: PairArrays
) -> tuple[list[ShownPair], list[ShownPair]]:
    """Pairs judged right with the widest margins, and pairs judged wrong with the widest."""
    order = np.argsort(arrays.margin, kind="stable")
    shown = [ShownPair(examples[n], float(arrays.margin[n])) for n in order]
    best = [pair for pair in reversed(shown[-EXTREMES:]) if pair.margin > 0]
    worst = [pair for pair in shown[:EXTREMES] if pair.margin < 0]
    return best, worst


def shown_samples(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The first samples."""
    return samples[:MOST_SAMPLES]


def clipped(text: str) -> str:
    """The beginning of a text, with a note where the rest is left out."""
    rest = len(text) - MOST_CHARACTERS
    if rest <= 0:
        return text
    return f"{text[:MOST_CHARACTERS]}\n[{count(rest)} more characters are left out]"
