"""Pairs and demonstrations as flat records: what is hashed, spooled and cached.

Messages are written as JSON without white space, so that equal content is equal text. The digest
of a dataset is the SHA-256 of its records in their order; file names and row numbers are no part
of a record.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from preference_trainer.dataset.hh_rlhf import looks_like_dialogue, to_messages
from preference_trainer.dataset.pairs import Content, Demonstration, Pair


class Record(NamedTuple):
    """A pair (two answers) or a demonstration (rejected is None)."""

    conversational: bool
    prompt: str
    chosen: str
    rejected: str | None
    tools: str | None


SCHEMA = pa.schema(
    [
        pa.field("conversational", pa.bool_(), nullable=False),
        pa.field("prompt", pa.large_string(), nullable=False),
        pa.field("chosen", pa.large_string(), nullable=False),
        pa.field("rejected", pa.large_string()),
        pa.field("tools", pa.large_string()),
    ]
)


def of_pair(pair: Pair) -> Record:
    """The record of a pair."""
    return Record(
        conversational=pair.conversational,
        prompt=_written(pair.prompt),
        chosen=_written(pair.chosen),
        rejected=_written(pair.rejected),
        tools=None if pair.tools is None else compact(pair.tools),
    )


def of_demonstration(demonstration: Demonstration) -> Record:
    """The record of a demonstration."""
    return Record(
        conversational=demonstration.conversational,
        prompt=_written(demonstration.prompt),
        chosen=_written(demonstration.completion),
        rejected=None,
        tools=None if demonstration.tools is None else compact(demonstration.tools),
    )


def to_pair(record: Record, *, source: str = "", row: int = 0) -> Pair:
    """The pair of a record."""
    assert record.rejected is not None
    prompt, chosen, rejected = (
        _read(text, record) for text in (record.prompt, record.chosen, record.rejected)
    )
    return Pair(
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        tools=_tools(record),
        source=source,
        row=row,
    )


def to_demonstration(record: Record, *, source: str = "", row: int = 0) -> Demonstration:
    """The demonstration of a record."""
    return Demonstration(
        prompt=_read(record.prompt, record),
        completion=_read(record.chosen, record),
        tools=_tools(record),
        source=source,
        row=row,
    )


def to_batch(records: Sequence[Record]) -> pa.RecordBatch:
    """Records, at least one, as an Arrow batch of SCHEMA."""
    columns = zip(SCHEMA, zip(*records, strict=True), strict=True)
    arrays = [pa.array(values, type=field.type) for field, values in columns]
    return pa.record_batch(arrays, schema=SCHEMA)


def from_batch(batch: pa.RecordBatch) -> list[Record]:
    """The records of an Arrow batch of SCHEMA."""
    columns = [batch.column(name).to_pylist() for name in SCHEMA.names]
    return [Record(*values) for values in zip(*columns, strict=True)]


def compact(value: Any) -> str:
    """JSON without white space. Keys keep their order, which chat templates print."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def prompt_text(record: Record) -> str:
    """The prompt as messages, whichever form it has.

    A text is a conversation of one user message, and HH-RLHF's text that of its turns: models with
    and without a chat template hold out the same rows.
    """
    if record.conversational:
        return record.prompt
    if looks_like_dialogue(record.prompt):
        return compact(to_messages(record.prompt))
    return compact([{"role": "user", "content": record.prompt}])


def key(*texts: str) -> int:
    """A 64-bit BLAKE2b hash. Among ten million texts two share one with a chance of 3 in 10^6."""
    joined = "\0".join(texts).encode()
    return int.from_bytes(hashlib.blake2b(joined, digest_size=8).digest(), "little")


class ContentDigest:
    """SHA-256 over records, one after the other."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, records: Iterable[Record]) -> None:
        """Add records at the end."""
        for record in records:
            self._hash.update(compact(record).encode() + b"\n")

    def hexdigest(self) -> str:
        """The digest of what was added so far."""
        return self._hash.hexdigest()


def _written(content: Content) -> str:
    return content if isinstance(content, str) else compact(content)


def _read(text: str, record: Record) -> Content:
    return json.loads(text) if record.conversational else text


def _tools(record: Record) -> list[Any] | None:
    return None if record.tools is None else json.loads(record.tools)
