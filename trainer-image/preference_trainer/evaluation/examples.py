"""The evidence of an evaluation: one value a held-out pair, one a generated answer."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field, ValidationError

from preference_api.v1alpha1.base import ApiModel
from preference_trainer.errors import DataError


class Example(ApiModel):
    """A held-out pair and its summed log-probabilities in nats, each answer given its prompt."""

    schema_version: Literal[1] = Field(1, description="Version of this form.")
    source: str = Field(description="File that the pair came from.")
    row: int = Field(ge=1, description="Row in that file, from 1.")
    prompt: str = Field(description="The prompt as text.")
    chosen: str = Field(description="The preferred answer as text.")
    rejected: str = Field(description="The other answer as text.")
    prompt_tokens: int = Field(ge=0, description="Tokens of the prompt.")
    chosen_tokens: int = Field(ge=1, description="Tokens of the preferred answer.")
    rejected_tokens: int = Field(ge=1, description="Tokens of the other answer.")
    policy_chosen: float = Field(description="Trained model, preferred answer.")
    policy_rejected: float = Field(description="Trained model, other answer.")
    base_chosen: float = Field(description="Model before training, preferred answer.")
    base_rejected: float = Field(description="Model before training, other answer.")
    group: str = Field(description="As `prompt_group`; pairs of one group share their prompt.")

    @property
    def key(self) -> str:
        """Identity of the pair by its texts, the same in every run that held it out."""
        return _digest([self.prompt, self.chosen, self.rejected])


class Sample(ApiModel):
    """An answer that the trained model wrote to a held-out prompt."""

    schema_version: Literal[1] = Field(1, description="Version of this form.")
    prompt: str = Field(description="The prompt as text.")
    base_answer: str | None = Field(None, description="Answer of the model before training.")
    policy_answer: str = Field(description="Answer of the trained model.")
    tokens: int = Field(ge=0, description="Tokens of the trained model's answer.")
    ended: bool = Field(description="False where the answer was cut at the token limit.")


def prompt_group(prompt: str) -> str:
    """Sixteen hexadecimal digits that pairs share exactly when they share the prompt."""
    return _digest(prompt)[:16]


def encode_examples(examples: Iterable[Example]) -> bytes:
    """Gzip of JSON lines; the same examples give the same bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as stream:
        stream.writelines(_lines(examples))
    return packed.getvalue()


def decode_examples(data: bytes, *, name: str) -> tuple[Example, ...]:
    """Examples from the bytes of `encode_examples`; `name` is what errors call them.

    Raises:
        DataError: The bytes are no gzip, or a line is no example of a known version.
    """
    try:
        lines = gzip.decompress(data).splitlines()
    except (OSError, EOFError) as error:
        raise _unreadable(f"{name} is no complete gzip file") from error
    return tuple(_example(line, f"{name}, line {n}") for n, line in enumerate(lines, start=1))


def encode_samples(samples: Iterable[Sample]) -> bytes:
    """JSON lines."""
    return b"".join(_lines(samples))


def _lines(values: Iterable[ApiModel]) -> Iterator[bytes]:
    return (value.model_dump_json(by_alias=True).encode() + b"\n" for value in values)


def _example(line: bytes, place: str) -> Example:
    try:
        return Example.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(map(str, fault["loc"])) or "the whole line"
        raise _unreadable(f"{place}: {field}: {fault['msg']}") from error


def _unreadable(message: str) -> DataError:
    return DataError(message, remedy="Evaluate that run again with this version of the trainer.")


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
