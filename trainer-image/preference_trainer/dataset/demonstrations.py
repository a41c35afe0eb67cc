"""Rows of an SFT dataset: read, understood, cleaned and written under a digest of their content."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.dataset import PromptTemplate
from preference_api.v1alpha1.methods import SFTColumns, SFTDataset
from preference_trainer.dataset.cache import DEMONSTRATIONS, RecordFile
from preference_trainer.dataset.forms import ColumnFinder
from preference_trainer.dataset.gather import Reading, peek, polled
from preference_trainer.dataset.index import Keys
from preference_trainer.dataset.lengths import Limit, TokenCounter, TokenCounts
from preference_trainer.dataset.messages import read_messages, with_system
from preference_trainer.dataset.pairs import Content, Demonstration, Fault, is_blank
from preference_trainer.dataset.parse import prompt_text, text_of
from preference_trainer.dataset.questions import question
from preference_trainer.dataset.read import Row, data_files
from preference_trainer.dataset.records import Record, key, of_demonstration
from preference_trainer.dataset.records import prompt_text as prompt_of
from preference_trainer.dataset.report import Finding, Place, Tally
from preference_trainer.dataset.sequences import Example, Writer
from preference_trainer.dataset.tokens import BATCH, fitted, refuse_overlong
from preference_trainer.errors import DataError
from preference_trainer.model.tokenizer import Tokenizer

_FIELD = "spec.sft.dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationForm:
    """Columns of an SFT dataset: `messages`, or `prompt` and `completion`."""

    messages: str | None = None
    prompt: str = "prompt"
    completion: str = "completion"


class DemonstrationsReport(ApiModel):
    """The demonstrations: what was read, left out and kept."""

    digest: str = Field(description="Content digest of the demonstrations that are kept.")
    uri: str = Field(description="Where they lie.")
    rows: int = Field(ge=0, description="Rows that were read.")
    dropped: int = Field(ge=0, description="Rows that were left out.")
    demonstrations: int = Field(ge=0, description="Demonstrations that are kept.")
    findings: tuple[Finding, ...] = Field(description="Why rows were left out.")
    tokens: TokenCounts = Field(description="Their tokens.")


@dataclass(frozen=True, slots=True)
class PreparedDemonstrations:
    """Cleaned demonstrations on this machine, in a folder with the file of the cache."""

    folder: Path
    report: DemonstrationsReport


def detect_demonstrations(head: Sequence[Row], columns: SFTColumns) -> DemonstrationForm:
    """The columns of an SFT dataset.

    Raises:
        DataError: Some are missing.
    """
    finder = ColumnFinder(head, f"{_FIELD}.columns")
    if columns.prompt is None and columns.completion is None:
        messages = finder.optional("messages", columns.messages)
        if messages is not None:
            return DemonstrationForm(messages=messages)
    return DemonstrationForm(
        prompt=finder.required("prompt", columns.prompt),
        completion=finder.required("completion", columns.completion),
    )


def parse_demonstration(
    row: Row, form: DemonstrationForm, *, prompt: PromptTemplate
) -> Demonstration | Fault:
    """The demonstration of a row, or why there is none.

    Raises:
        DataError: A value is of another kind than the form wants; names the row.
    """
    question, answer = _parts(row, form, prompt)
    if is_blank(question) or is_blank(answer):
        return Fault.EMPTY
    if isinstance(answer, list) and answer[-1]["role"] != "assistant":
        return Fault.NO_ASSISTANT_TURN
    return Demonstration(prompt=question, completion=answer, source=row.source, row=row.number)


def prepare_demonstrations(
    dataset: SFTDataset,
    tokenizer: Tokenizer,
    reading: Reading,
    limit: Limit,
    held_out_prompts: Keys,
) -> PreparedDemonstrations:
    """Read, clean and write demonstrations.

    Args:
        dataset: The spec.
        tokenizer: The model's tokenizer.
        reading: How rows are read.
        limit: Most tokens, as of the pairs.
        held_out_prompts: Hashes of the held-out prompts of the pairs, with and without what the
            spec adds, which nothing is trained on.

    Raises:
        DataError: Rows that cannot be understood, or none is left.
        ConfigurationError: Conversations without a chat template.
        StorageRefused, StorageUnavailable: As the storage answers.
        StoppedEarly: The process was told to stop.
    """
    cleaning = _Cleaning(held_out_prompts, reading.prompt)
    counter, folder = TokenCounter(), reading.workdir / "demonstrations"
    folder.mkdir(parents=True)
    kept = cleaning.kept(dataset, reading)
    writer = Writer(tokenizer)
    with RecordFile(folder / DEMONSTRATIONS) as file:
        while batch := list(islice(kept, BATCH)):
            examples = [Example.of_demonstration(shown) for shown, _record in batch]
            passing = fitted(examples, writer, limit, counter)
            for (shown, record), (_, tokens) in zip(batch, passing, strict=True):
                if tokens is None:
                    cleaning.tally.add(Fault.OVERLONG, Place(shown.source, shown.row))
                else:
                    file.add(record)
    report = cleaning.report(dataset.uri, file, counter.counts())
    _require(report, limit)
    return PreparedDemonstrations(folder, report)


class _Cleaning:
    """Passes demonstrations on that are fit to be shown, once each, and counts the others."""

    def __init__(self, held_out_prompts: Keys, prompt: PromptTemplate) -> None:
        self._held_out = set(held_out_prompts.tolist())
        self._prompt = prompt
        self._seen: set[int] = set()
        self._rows = 0
        self.tally = Tally()

    def kept(self, dataset: SFTDataset, reading: Reading) -> Iterator[tuple[Demonstration, Record]]:
        files = data_files(reading.open(dataset.uri), field=f"{_FIELD}.uri")
        rows, head = peek(files, dataset.uri, f"{_FIELD}.uri", reading)
        form = detect_demonstrations(head, dataset.columns)
        for row in polled(rows, reading.stop):
            self._rows += 1
            parsed = parse_demonstration(row, form, prompt=reading.prompt)
            judged = parsed if isinstance(parsed, Fault) else self._judged(parsed)
            if isinstance(judged, Fault):
                self.tally.add(judged, Place(row.source, row.number))
            else:
                yield judged

    def _judged(self, shown: Demonstration) -> tuple[Demonstration, Record] | Fault:
        record = of_demonstration(shown)
        prompts = {key(prompt_of(record)), key(question(record, self._prompt))}
        if prompts & self._held_out:
            return Fault.OVERLAP
        whole = key(record.prompt, record.chosen)
        if whole in self._seen:
            return Fault.DUPLICATE
        self._seen.add(whole)
        return shown, record

    def report(self, uri: str, file: RecordFile, tokens: TokenCounts) -> DemonstrationsReport:
        return DemonstrationsReport(
            digest=file.digest,
            uri=uri,
            rows=self._rows,
            dropped=self.tally.total,
            demonstrations=file.rows,
            findings=self.tally.findings(),
            tokens=tokens,
        )


def _parts(row: Row, form: DemonstrationForm, prompt: PromptTemplate) -> tuple[Content, Content]:
    if form.messages is not None:
        messages = with_system(read_messages(row, form.messages), prompt.system)
        return messages[:-1], messages[-1:]
    if isinstance(row.values.get(form.prompt), list):
        question = with_system(read_messages(row, form.prompt), prompt.system)
        return question, _answer(row, form.completion)
    return prompt_text(text_of(row, form.prompt), prompt), text_of(row, form.completion)


def _answer(row: Row, column: str) -> Content:
    value = row.values.get(column)
    if isinstance(value, str):
        return [{"role": "assistant", "content": value}]
    return read_messages(row, column)


def _require(report: DemonstrationsReport, limit: Limit) -> None:
    overlong = [f for f in report.findings if f.kind is Fault.OVERLONG]
    places = [f"{row.file}, row {row.row}" for found in overlong for row in found.examples]
    refuse_overlong(places, limit, report.tokens)
    if not report.demonstrations:
        parts = ", ".join(f"{found.count} {found.kind}" for found in report.findings)
        raise DataError(
            f"{_FIELD} has no usable rows: {parts}",
            remedy=f"Look at the rows that were left out, and at {_FIELD}.columns.",
            reason="NoDemonstrations",
        )
