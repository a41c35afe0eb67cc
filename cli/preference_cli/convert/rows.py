"""Kinds of rows of the table: what a setting becomes in a manifest."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from preference_api.v1alpha1.methods import Method
from preference_cli.convert import values
from preference_cli.convert.findings import Kind
from preference_cli.convert.settings import Settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row made of its settings.

    value: What to write at the target; None writes nothing.
    implied: The source left the setting out and the tool's default was taken.
    """

    kind: Kind
    source: tuple[str, ...]
    target: str = ""
    note: str = ""
    value: Any = None
    implied: bool = False


def outcome(
    settings: Settings,
    names: tuple[str, ...],
    *,
    kind: Kind = Kind.MAPPED,
    target: str = "",
    value: Any = None,
    note: str = "",
) -> Outcome:
    """An outcome of settings, which says where they were left out."""
    implied = not any(settings.has(name) for name in names)
    if implied and kind is Kind.MAPPED:
        note = f"left out: {settings.tool}'s default"
    return Outcome(kind, settings.present(*names), target, note, value, implied)


@dataclass(frozen=True, slots=True)
class Field:
    """One setting that is one field of the manifest."""

    name: str
    target: str
    read: Callable[[Any], Any]
    method: Method | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The setting."""
        return (self.name,)

    def outcomes(self, settings: Settings) -> Iterator[Outcome]:
        """The field; nothing where there is neither value nor default."""
        value = settings.read(self.name, self.read)
        if value is not None:
            yield outcome(settings, self.names, target=self.target, value=value)
        elif settings.has(self.name):
            yield outcome(settings, self.names, kind=Kind.IGNORED, note="is not set to anything")


@dataclass(frozen=True, slots=True)
class Rule:
    """Settings that only mean something together."""

    names: tuple[str, ...]
    decide: Callable[[Settings], Iterable[Outcome]]
    method: Method | None = None

    def outcomes(self, settings: Settings) -> Iterable[Outcome]:
        """What the rule decides."""
        return self.decide(settings)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Settings that the operator has no need of."""

    why: str
    names: tuple[str, ...]
    method: None = None

    def outcomes(self, settings: Settings) -> Iterator[Outcome]:
        """One for each setting that was written."""
        for name in self.names:
            if settings.has(name):
                yield outcome(settings, (name,), kind=Kind.IGNORED, note=self.why)


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A setting that a manifest cannot say.

    neutral: Values at which it changes nothing; absence is always one.
    """

    name: str
    why: str
    neutral: tuple[Any, ...] = ()
    method: Method | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The setting."""
        return (self.name,)

    def outcomes(self, settings: Settings) -> Iterator[Outcome]:
        """One where the setting was written or is a default that matters."""
        value = settings.read(self.name, lambda found: found)
        if value is not None and not any(_same(value, neutral) for neutral in self.neutral):
            note = self.why if settings.has(self.name) else f"left out, on by default: {self.why}"
            yield outcome(settings, self.names, kind=Kind.UNMAPPED, note=note)
        elif settings.has(self.name):
            yield outcome(
                settings, self.names, kind=Kind.IGNORED, note="changes nothing at this value"
            )


def _same(value: Any, neutral: Any) -> bool:
    """Whether a value, perhaps a word of a command line, is a neutral one."""
    try:
        if isinstance(neutral, bool):
            return values.boolean(value) == neutral
        if isinstance(neutral, float | int):
            return values.number(value) == neutral
    except ValueError:
        return False
    return str(value).lower() == str(neutral).lower()


Row = Field | Rule | Ignored | Unmapped
