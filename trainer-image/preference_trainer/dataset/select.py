"""Which rows are trained on, how often, and which are held out; decided from the table alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preference_api.v1alpha1.dataset import Dataset
from preference_trainer.dataset.clean import FAULTS, NO_FAULT, judge, leaked
from preference_trainer.dataset.index import Mask, Numbers, Table
from preference_trainer.dataset.mixture import Part, copies
from preference_trainer.dataset.pairs import Fault
from preference_trainer.dataset.report import SHOWN, Place, Tally
from preference_trainer.dataset.split import fraction_of, hold_out, limit
from preference_trainer.errors import DataError


@dataclass(frozen=True, slots=True)
class Selection:
    """What becomes of each row of a table.

    Args:
        faults: Index into clean.FAULTS, or NO_FAULT.
        held_out: True for held-out pairs.
        copies: How often a pair is trained on in an epoch; 0 where it is not.
    """

    faults: NDArray[np.int8]
    held_out: Mask
    copies: Numbers

    @property
    def used(self) -> Mask:
        """Rows on either side."""
        mask: Mask = self.held_out | (self.copies > 0)
        return mask

    @property
    def not_sampled(self) -> int:
        """Faultless rows on neither side."""
        return int(np.sum((self.faults == NO_FAULT) & ~self.used))


def select(table: Table, dataset: Dataset, parts: list[Part], tally: Tally) -> Selection:
    """Decide about every row, and count those left out.

    Raises:
        DataError: Nothing is left to train on or to hold out.
    """
    own = np.isin(table.part, [number for number, part in enumerate(parts) if part.held_out])
    faults = judge(table, own)
    kept = faults == NO_FAULT
    held_out = own & kept
    fraction = fraction_of(dataset)
    if fraction is not None and kept.any():
        held_out[kept] = hold_out(table.prompt[kept], fraction)
        # The split goes by the prompt as it is written out, which differs from form to form.
        faults[leaked(table, held_out, kept)] = FAULTS.index(Fault.OVERLAP)
    _count(table, faults, tally)
    require(int(kept.sum()), "usable", tally)
    require(int(held_out.sum()), "held-out", tally)
    taken = _taken(table, parts) * ((faults == NO_FAULT) & ~held_out)
    require(int(taken.sum()), "training", tally)
    return Selection(faults, held_out, limit(taken, table.pair, dataset.max_pairs))


def require(count: int, kind: str, tally: Tally) -> None:
    """Refuse a dataset without pairs of a kind.

    Raises:
        DataError: The count is 0; names why rows were left out.
    """
    if not count:
        raise DataError(
            f"spec.dataset has no {kind} pairs: {tally.summary()}",
            remedy="Look at the rows that were left out, and at spec.dataset.columns, maxLength "
            "and evaluation.",
            reason="NoPairs",
        )


def places(table: Table, rows: Numbers) -> list[Place]:
    """The first of some rows, by file and row number."""
    return [Place(table.files[table.file[row]], int(table.row[row])) for row in rows[:SHOWN]]


def _taken(table: Table, parts: list[Part]) -> Numbers:
    taken = np.ones(len(table.pair), np.int64)
    for number, part in enumerate(parts):
        rows = table.part == number
        taken[rows] = copies(table.pair[rows], part.weight)
    return taken


def _count(table: Table, faults: NDArray[np.int8], tally: Tally) -> None:
    for number, fault in enumerate(FAULTS):
        rows = np.flatnonzero(faults == number)
        tally.add_many(fault, places(table, rows), count=len(rows))
