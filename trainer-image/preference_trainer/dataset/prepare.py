"""From a dataset as it lies in the bucket to cleaned, split pairs with a digest.

Two passes: the first reads every row, spools it and remembers its hashes; then it is decided what
becomes of each row; the second turns the rows that are used into tokens, leaves out what is too
long and writes the rest. Neither holds more than a batch of texts.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from preference_api.identity import digest
from preference_api.v1alpha1.dataset import Dataset
from preference_trainer.dataset.clean import length_bias, shared
from preference_trainer.dataset.gather import Gathered, Reading, gather
from preference_trainer.dataset.index import Keys, Table
from preference_trainer.dataset.lengths import Limit
from preference_trainer.dataset.mixture import parts_of
from preference_trainer.dataset.pairs import Fault
from preference_trainer.dataset.report import DatasetReport, Sample, Tally
from preference_trainer.dataset.select import Selection, require, select
from preference_trainer.dataset.sequences import Tokens, Writer
from preference_trainer.dataset.spool import Spool
from preference_trainer.dataset.tokens import refuse_overlong
from preference_trainer.dataset.write import Side, Writing, kept_mask, write_sides
from preference_trainer.model.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Prepared:
    """Cleaned pairs on this machine.

    Args:
        folder: Folder with the two files of the cache.
        report: What was found.
        held_out_prompts: Hashes of the held-out prompts, with and without what the spec adds.
    """

    folder: Path
    report: DatasetReport
    held_out_prompts: Keys


def prepare(dataset: Dataset, tokenizer: Tokenizer, reading: Reading) -> Prepared:
    """Read, clean, split and write the pairs of a dataset.

    Args:
        dataset: The spec.
        tokenizer: The model's tokenizer, whose tokens maxLength counts.
        reading: How rows are read.

    Raises:
        DataError: Rows that cannot be understood, or nothing left to train on or to hold out.
        ConfigurationError: Conversations without a chat template.
        StorageRefused, StorageUnavailable: As the storage answers.
        StoppedEarly: The process was told to stop.
    """
    spool, folder = reading.workdir / "rows.arrows", reading.workdir / "pairs"
    folder.mkdir(parents=True)
    parts = parts_of(dataset)
    with Spool(spool) as rows:
        gathered = gather(parts, rows, reading)
    table = gathered.index.table()
    selection = select(table, dataset, parts, gathered.tally)
    writing = Writing(
        table=table,
        selection=selection,
        writer=Writer(tokenizer),
        limit=Limit(max_length=dataset.max_length, overlong=dataset.overlong),
        board=reading.board,
        stop=reading.stop,
    )
    training, held_out = write_sides(spool, folder, writing)
    spool.unlink()
    _require_pairs(training, held_out, writing.limit, gathered.tally)
    report = _report(gathered, table, selection, (training, held_out), tokenizer)
    tested = kept_mask(held_out, table)
    prompts = np.union1d(table.prompt[tested], table.question[tested])
    return Prepared(folder, report, prompts)


def _require_pairs(training: Side, held_out: Side, limit: Limit, tally: Tally) -> None:
    for side, kind in ((training, "training"), (held_out, "held-out")):
        counts = side.counter.counts()
        places = [f"{place.file}, row {place.row}" for place in side.left_out]
        refuse_overlong(places, limit, counts)
        tally.add_many(Fault.OVERLONG, side.left_out, count=counts.dropped)
        require(side.pairs, kind, tally)


def _report(
    gathered: Gathered,
    table: Table,
    selection: Selection,
    sides: tuple[Side, Side],
    tokenizer: Tokenizer,
) -> DatasetReport:
    training, held_out = sides
    trained, tested = (kept_mask(side, table) for side in sides)
    prompts = table.prompt[trained | tested]
    return DatasetReport(
        digest=digest([training.digest, held_out.digest]),
        sources=tuple(gathered.sources),
        rows=sum(source.rows for source in gathered.sources),
        dropped=gathered.tally.total,
        not_sampled=selection.not_sampled,
        pairs=training.pairs,
        evaluation_pairs=held_out.pairs,
        findings=gathered.tally.findings(),
        repeated_prompts=len(np.unique(prompts[shared(prompts)])),
        answers_with_prompt=gathered.answers_with_prompt,
        length_bias=length_bias(table, trained),
        scores=gathered.scores,
        tokens=training.counter.counts(),
        evaluation_tokens=held_out.counter.counts(),
        epoch_tokens=training.tokens,
        samples=tuple(_sample(tokens, tokenizer) for tokens in training.samples),
    )


def _sample(tokens: Tokens, tokenizer: Tokenizer) -> Sample:
    prompt, chosen, rejected = map(tokenizer.decode, (tokens.prompt, *tokens.answers))
    return Sample(prompt=prompt, chosen=chosen, rejected=rejected)
