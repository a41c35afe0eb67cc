"""Second pass: the rows that are used become tokens, and those that fit are written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from preference_api.v1alpha1.status import Stage
from preference_trainer.dataset.cache import EVALUATION, TRAINING, RecordFile
from preference_trainer.dataset.index import Mask, Numbers, Table
from preference_trainer.dataset.lengths import Limit, TokenCounter
from preference_trainer.dataset.records import Record, to_pair
from preference_trainer.dataset.report import SHOWN, Place
from preference_trainer.dataset.select import Selection
from preference_trainer.dataset.sequences import Example, Tokens, Writer
from preference_trainer.dataset.spool import read_spool
from preference_trainer.dataset.tokens import fitted
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest

SAMPLES = 3


@dataclass(slots=True)
class Side:
    """What was written of the training pairs, or of the held-out pairs.

    Args:
        digest: Digest of the records in their order.
        pairs: Pairs written, repetitions included.
        tokens: Tokens of the pairs written, each prompt once.
        kept: Row of the table of each pair written, without repetitions.
        left_out: The first rows over the limit.
        samples: Token ids of the first pairs.
    """

    counter: TokenCounter = field(default_factory=TokenCounter)
    digest: str = ""
    pairs: int = 0
    tokens: int = 0
    kept: list[int] = field(default_factory=list)
    left_out: list[Place] = field(default_factory=list)
    samples: list[Tokens] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What the second pass works from."""

    table: Table
    selection: Selection
    writer: Writer
    limit: Limit
    board: ProgressBoard
    stop: StopRequest


def write_sides(spool: Path, folder: Path, writing: Writing) -> tuple[Side, Side]:
    """Write both files of the cache; returns the training side and the held-out side.

    Raises:
        ConfigurationError: Conversations without a chat template.
        DataError: The chat template refuses a row.
        StoppedEarly: The process was told to stop.
    """
    sides = (Side(), Side())
    writing.board.enter(Stage.CHECK, steps=len(writing.table.pair))
    masks = (writing.selection.copies > 0, writing.selection.held_out)
    with RecordFile(folder / TRAINING) as training, RecordFile(folder / EVALUATION) as held_out:
        start = 0
        for records in read_spool(spool):
            for side, mask, file in zip(sides, masks, (training, held_out), strict=True):
                rows = start + np.flatnonzero(mask[start : start + len(records)])
                _write(records, start, rows, side, file, writing)
            start += len(records)
            writing.board.advance(len(records))
            writing.stop.check("checking the pairs")
    for side, file in zip(sides, (training, held_out), strict=True):
        side.digest, side.pairs = file.digest, file.rows
    return sides


def kept_mask(side: Side, table: Table) -> Mask:
    """True for the rows of the table that were written."""
    mask = np.zeros(len(table.pair), bool)
    mask[side.kept] = True
    return mask


def _write(
    records: Sequence[Record],
    start: int,
    rows: Numbers,
    side: Side,
    file: RecordFile,
    writing: Writing,
) -> None:
    examples = [_example(records[row - start], row, writing.table) for row in rows]
    passing = fitted(examples, writing.writer, writing.limit, side.counter)
    for row, (_, tokens) in zip(rows, passing, strict=True):
        if tokens is None:
            side.left_out.extend([_place(row, writing.table)][: SHOWN - len(side.left_out)])
            continue
        copies = max(1, int(writing.selection.copies[row]))
        file.add(records[row - start], copies)
        side.kept.append(int(row))
        side.tokens += copies * (len(tokens.prompt) + sum(map(len, tokens.answers)))
        side.samples.extend([tokens][: SAMPLES - len(side.samples)])


def _example(record: Record, row: int, table: Table) -> Example:
    place = _place(row, table)
    return Example.of_pair(to_pair(record, source=place.file, row=place.row))


def _place(row: int, table: Table) -> Place:
    return Place(table.files[table.file[row]], int(table.row[row]))
