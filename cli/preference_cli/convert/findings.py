"""What a conversion found out, setting by setting."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What became of a setting.

    Mapped: the manifest says the same.
    Changed: the manifest says the same in another way, or nearly the same; the note tells how.
    Unmapped: the manifest cannot say it; the note tells the way out.
    Ignored: the operator does it itself, or it has no effect on the result.
    ToFill: the manifest holds a guess or a placeholder that a person has to look at.
    """

    MAPPED = "Mapped"
    CHANGED = "Changed"
    UNMAPPED = "Unmapped"
    IGNORED = "Ignored"
    TO_FILL = "ToFill"


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one setting, or of several that only mean something together.

    source: Settings as they were written, comma-separated; empty where nothing was written.
    target: Field of the manifest, empty where there is none.
    """

    kind: Kind
    source: str
    target: str
    note: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """A manifest and how it came about."""

    manifest: Mapping[str, Any]
    findings: tuple[Finding, ...]
