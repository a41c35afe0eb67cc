"""What is wrong with rows only in the light of other rows, and what their answers' lengths tell.

All functions are pure: hashes and lengths in, masks and figures out.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from preference_api.v1alpha1.base import ApiModel
from preference_trainer.dataset.index import Keys, Mask, Table
from preference_trainer.dataset.pairs import Fault

FAULTS = (Fault.DUPLICATE, Fault.CONFLICTING, Fault.OVERLAP)
"""What `judge` may find."""
NO_FAULT = -1


class LengthBias(ApiModel):
    """Whether the length of an answer tells which one was preferred."""

    chosen_longer: float = Field(description="Share of pairs whose chosen answer is longer.")
    longer_wins: float = Field(
        description="Accuracy of the rule that the longer answer is preferred; ties count half."
    )
    chosen_characters: float = Field(description="Mean length of the chosen answers.")
    rejected_characters: float = Field(description="Mean length of the rejected answers.")


def judge(table: Table, held_out: Mask) -> NDArray[np.int8]:
    """The fault of each row as an index into FAULTS, or NO_FAULT.

    Repetitions of a pair are duplicates (the first stays); pairs whose answers occur in both orders
    conflict, and all of them go; training pairs whose prompt is held out go. Training pairs and
    held-out pairs are otherwise looked at apart.

    Args:
        table: The rows.
        held_out: Rows of an own evaluation dataset.
    """
    faults = np.full(len(table.pair), NO_FAULT, np.int8)
    for side in (held_out, ~held_out):
        rows = np.flatnonzero(side)
        again = repeated(table.pair[rows])
        faults[rows[again]] = FAULTS.index(Fault.DUPLICATE)
        rows = rows[~again]
        faults[rows[shared(table.answers[rows])]] = FAULTS.index(Fault.CONFLICTING)
    kept = faults == NO_FAULT
    faults[leaked(table, held_out, kept)] = FAULTS.index(Fault.OVERLAP)
    return faults


def leaked(table: Table, held_out: Mask, kept: Mask) -> Mask:
    """Kept training rows whose prompt, with or without what the spec adds, is held out."""
    prompts, questions = (
        np.isin(keys, keys[held_out & kept]) for keys in (table.prompt, table.question)
    )
    mask: Mask = (prompts | questions) & ~held_out & kept
    return mask


def repeated(keys: Keys) -> Mask:
    """True for every occurrence but the first."""
    mask = np.ones(len(keys), bool)
    mask[np.unique(keys, return_index=True)[1]] = False
    return mask


def shared(keys: Keys) -> Mask:
    """True for every occurrence of what occurs more than once."""
    _values, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    mask: Mask = counts[inverse] > 1
    return mask


def length_bias(table: Table, rows: Mask) -> LengthBias:
    """The length bias of some rows, at least one."""
    chosen, rejected = table.chosen_length[rows], table.rejected_length[rows]
    longer = float(np.mean(chosen > rejected))
    return LengthBias(
        chosen_longer=longer,
        longer_wins=longer + float(np.mean(chosen == rejected)) / 2,
        chosen_characters=float(np.mean(chosen)),
        rejected_characters=float(np.mean(rejected)),
    )
