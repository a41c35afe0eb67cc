"""The report that a check leaves in the output, as far as it is shown: a reader of its JSON.

It is the trainer's `CheckReport`; fields that are not shown are passed over, so that command line
and trainer need not be of one version.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from preference_cli.locations import local_path


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class Model(_Part):
    """The model that is trained."""

    architecture: str
    parameters: int


class Source(_Part):
    """A dataset that was read."""

    uri: str
    files: int
    rows: int
    format: str | None = None
    detected: bool


class RowReference(_Part):
    """A row of a file, counted from 1."""

    file: str
    row: int


class Finding(_Part):
    """Rows that were left out for one reason, and the first of them."""

    kind: str
    count: int
    examples: tuple[RowReference, ...]


class Percentiles(_Part):
    """Tokens that so many percent do not exceed."""

    p50: int
    p90: int
    p95: int
    p99: int
    p100: int


class Tokens(_Part):
    """Lengths before maxLength is applied, and what became of what is over it."""

    examples: int
    prompt: Percentiles
    answers: Percentiles
    longest: Percentiles
    over: int
    dropped: int
    cut: int
    tokens_lost: int


class LengthBias(_Part):
    """Whether length alone tells the preferred answer."""

    longer_wins: float


class Dataset(_Part):
    """The pairs."""

    sources: tuple[Source, ...]
    findings: tuple[Finding, ...]
    tokens: Tokens
    length_bias: LengthBias


class CheckReport(_Part):
    """What is shown of a check; memory is bytes by what takes them, and what they hold for."""

    model: Model
    dataset: Dataset
    memory: Mapping[str, int]


def read_check_report(uri: str | None) -> CheckReport | None:
    """The report, where it lies on this machine; None where it does not or cannot be read."""
    path = local_path(uri) if uri else None
    try:
        return CheckReport.model_validate_json(path.read_bytes()) if path else None
    except (OSError, ValidationError):
        return None
