"""What the check found out about a dataset, as values that are written to check.json."""

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.dataset import DatasetFormat
from preference_trainer.dataset.clean import LengthBias
from preference_trainer.dataset.lengths import TokenCounts
from preference_trainer.dataset.pairs import Fault

SHOWN = 5


class RowReference(ApiModel):
    """A row of a file."""

    file: str = Field(description="URI of the file.")
    row: int = Field(ge=1, description="Line or row, counted from 1.")


class Finding(ApiModel):
    """Rows that were left out for one reason."""

    kind: Fault = Field(description="The reason.")
    count: int = Field(ge=1, description="Rows.")
    examples: tuple[RowReference, ...] = Field(description="The first of them.")


class SourceReport(ApiModel):
    """One of the datasets that were read."""

    uri: str = Field(description="Where it lies.")
    files: int = Field(ge=1, description="Files with rows.")
    rows: int = Field(ge=0, description="Rows.")
    format: DatasetFormat | None = Field(None, description="Form of the rows; none of SFT rows.")
    detected: bool = Field(description="True where the form was told from the rows.")
    columns: dict[str, str] = Field(description="Column of each role.")
    held_out_by_name: tuple[str, ...] = Field(
        (), description="Training files named like held-out ones (test, validation) beside others."
    )


class Scores(ApiModel):
    """What score columns beside the answers say."""

    rows: int = Field(0, ge=0, description="Rows with a score of both answers.")
    chosen_lower: int = Field(
        0, ge=0, description="Rows whose chosen answer has the lower score: are they swapped?"
    )


class Sample(ApiModel):
    """A training pair as the model sees it, special tokens included."""

    prompt: str = Field(description="The prompt.")
    chosen: str = Field(description="The preferred answer.")
    rejected: str = Field(description="The other answer.")


class DatasetReport(ApiModel):
    """The pairs: what was read, left out and kept."""

    digest: str = Field(description="Content digest of the pairs that are kept.")
    sources: tuple[SourceReport, ...] = Field(description="What was read.")
    rows: int = Field(ge=0, description="Rows that were read.")
    dropped: int = Field(ge=0, description="Rows that were left out as faulty.")
    not_sampled: int = Field(
        ge=0, description="Faultless rows that weight or maxPairs leave out of the training."
    )
    pairs: int = Field(ge=0, description="Training pairs of an epoch, repetitions included.")
    evaluation_pairs: int = Field(ge=0, description="Held-out pairs.")
    findings: tuple[Finding, ...] = Field(description="Why rows were left out.")
    repeated_prompts: int = Field(ge=0, description="Prompts that several kept pairs share.")
    answers_with_prompt: int = Field(
        ge=0, description="Pairs of text whose answers begin with the prompt."
    )
    length_bias: LengthBias = Field(description="Of the training pairs.")
    scores: Scores = Field(description="Of all rows.")
    tokens: TokenCounts = Field(description="Of the training pairs, each once.")
    evaluation_tokens: TokenCounts = Field(description="Of the held-out pairs.")
    epoch_tokens: int = Field(ge=0, description="Tokens of one epoch, each prompt once.")
    samples: tuple[Sample, ...] = Field(description="The first training pairs.")


class Place(NamedTuple):
    """A file and a row of it."""

    file: str
    row: int


class Tally:
    """Counts rows that are left out, and remembers the first of each kind."""

    def __init__(self) -> None:
        self._counts: dict[Fault, int] = {}
        self._first: dict[Fault, list[Place]] = {}

    def add(self, fault: Fault, place: Place) -> None:
        """Count one row."""
        self.add_many(fault, [place], count=1)

    def add_many(self, fault: Fault, first: Iterable[Place], *, count: int) -> None:
        """Count rows of which only the first are named."""
        if count:
            self._counts[fault] = self._counts.get(fault, 0) + count
            shown = self._first.setdefault(fault, [])
            shown.extend(list(first)[: SHOWN - len(shown)])

    @property
    def total(self) -> int:
        """Rows of every kind."""
        return sum(self._counts.values())

    def findings(self) -> tuple[Finding, ...]:
        """The kinds, most frequent first."""
        by_count = sorted(self._counts, key=lambda fault: -self._counts[fault])
        return tuple(self._finding(fault) for fault in by_count)

    def summary(self) -> str:
        """The counts in a phrase, for messages."""
        parts = [f"{item.count} {item.kind}" for item in self.findings()]
        return ", ".join(parts) or "none left out"

    def _finding(self, fault: Fault) -> Finding:
        examples = tuple(RowReference(file=p.file, row=p.row) for p in self._first[fault])
        return Finding(kind=fault, count=self._counts[fault], examples=examples)
