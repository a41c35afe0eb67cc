"""First pass: every row is read and understood, its record spooled, its hashes remembered."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from preference_api.v1alpha1.dataset import PromptTemplate
from preference_trainer.dataset.forms import Form, detect
from preference_trainer.dataset.index import Index
from preference_trainer.dataset.mixture import Part
from preference_trainer.dataset.pairs import Fault, Pair
from preference_trainer.dataset.parse import parse
from preference_trainer.dataset.read import Row, data_files, read_rows
from preference_trainer.dataset.records import of_pair
from preference_trainer.dataset.report import Place, Scores, SourceReport, Tally
from preference_trainer.dataset.spool import Spool
from preference_trainer.errors import DataError
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location

HEAD = 100
"""Rows from which the form of a dataset is told."""
_POLLED = 1000
_HELD_OUT_NAME = re.compile(r"(^|[_.-])(test|val|valid|validation|eval|dev)([_.-]|$)")


@dataclass(slots=True)
class Gathered:
    """What the first pass found, row by row in `index` and in sum elsewhere."""

    index: Index
    tally: Tally = field(default_factory=Tally)
    sources: list[SourceReport] = field(default_factory=list)
    scored: int = 0
    chosen_lower: int = 0
    answers_with_prompt: int = 0

    @property
    def scores(self) -> Scores:
        """What score columns say."""
        return Scores(rows=self.scored, chosen_lower=self.chosen_lower)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How rows are read.

    Args:
        open: Opens a URI.
        prompt: How prompts are written out.
        chat: True where the tokenizer has a chat template.
        workdir: Local folder.
        board: Shows how far it is.
        stop: Tells when to stop.
    """

    open: Callable[[str], Location]
    prompt: PromptTemplate
    chat: bool
    workdir: Path
    board: ProgressBoard
    stop: StopRequest


def gather(parts: list[Part], spool: Spool, reading: Reading) -> Gathered:
    """Read the parts of a dataset one after the other.

    Raises:
        DataError: A part has no rows, or a row cannot be understood.
        StorageRefused, StorageUnavailable: As the storage answers.
        StoppedEarly: The process was told to stop.
    """
    gathered = Gathered(Index(reading.prompt))
    for number, part in enumerate(parts):
        files = data_files(reading.open(part.uri), field=part.uri_field)
        rows, head = peek(files, part.uri, part.uri_field, reading)
        form = detect(head, wanted=part.format, columns=part.columns, field=part.field)
        count = 0
        for row in polled(rows, reading.stop):
            count += 1
            _note_scores(row, form, gathered)
            parsed = parse(row, form, prompt=reading.prompt, chat=reading.chat)
            _keep(parsed, row, number, gathered, spool)
        gathered.sources.append(_source(part, form, files, rows=count))
    return gathered


def peek(
    files: list[Location], uri: str, uri_field: str, reading: Reading
) -> tuple[Iterator[Row], list[Row]]:
    """All rows of a dataset, and the first of them beforehand.

    Raises:
        DataError: There are none.
    """
    rows = read_rows(files, workdir=reading.workdir)
    head = list(islice(rows, HEAD))
    if not head:
        raise DataError(
            f"{uri_field}: {uri} has no rows",
            remedy="Name a dataset with at least two pairs.",
            reason="NoRows",
        )
    return chain(head, rows), head


def polled(rows: Iterator[Row], stop: StopRequest) -> Iterator[Row]:
    """The rows, until the process is told to stop.

    Raises:
        StoppedEarly: It was.
    """
    while batch := list(islice(rows, _POLLED)):
        stop.check("reading the dataset")
        yield from batch


def _keep(parsed: Pair | Fault, row: Row, part: int, gathered: Gathered, spool: Spool) -> None:
    if isinstance(parsed, Fault):
        gathered.tally.add(parsed, Place(row.source, row.number))
        return
    record = of_pair(parsed)
    gathered.index.add(parsed, record, part=part)
    gathered.answers_with_prompt += _repeats_prompt(parsed)
    spool.add(record)


def _repeats_prompt(pair: Pair) -> bool:
    prompt, chosen, rejected = pair.prompt, pair.chosen, pair.rejected
    if isinstance(prompt, str) and isinstance(chosen, str) and isinstance(rejected, str):
        return chosen.startswith(prompt) and rejected.startswith(prompt)
    return False


def _note_scores(row: Row, form: Form, gathered: Gathered) -> None:
    if form.scores is None:
        return
    chosen, rejected = (row.values.get(name) for name in form.scores)
    if isinstance(chosen, int | float) and isinstance(rejected, int | float):
        gathered.scored += 1
        gathered.chosen_lower += chosen < rejected


def _source(part: Part, form: Form, files: list[Location], *, rows: int) -> SourceReport:
    roles = ("prompt", "chosen", "rejected", "tools")
    columns = {role: getattr(form, role) for role in roles if getattr(form, role)}
    return SourceReport(
        uri=part.uri,
        files=len(files),
        rows=rows,
        format=form.format,
        detected=form.detected,
        columns=columns,
        held_out_by_name=() if part.held_out else _held_out_by_name(files),
    )


def _held_out_by_name(files: list[Location]) -> tuple[str, ...]:
    named = tuple(file.uri for file in files if _HELD_OUT_NAME.search(file.name))
    return named if len(named) < len(files) else ()
