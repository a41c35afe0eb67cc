"""Settings under TRL's present names, with the tool's defaults behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from preference_api.v1alpha1.methods import Method
from preference_cli.convert import values
from preference_cli.errors import CommandError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a source says, read on demand.

    given: Values by name, as they were written.
    written: The name that was written, where it is an older one.
    defaults: What the tool takes where a name is absent.
    processes: Processes of the whole training, where the caller says so.
    """

    method: Method
    tool: str
    given: Mapping[str, Any]
    defaults: Mapping[str, Any]
    written: Mapping[str, str]
    processes: int | None = None

    def has(self, name: str) -> bool:
        """Whether the source names a setting."""
        return name in self.given

    def present(self, *names: str) -> tuple[str, ...]:
        """Those of the names that the source gives, as written; all of them where it gives none."""
        found = tuple(self.written.get(name, name) for name in names if name in self.given)
        return found or names

    def read(self, name: str, reader: Callable[[Any], T]) -> T | None:
        """The value, or the default, or None where there is neither.

        Raises:
            CommandError: The value is not what the reader expects.
        """
        value = self.given.get(name, self.defaults.get(name))
        if values.is_absent(value):
            return None
        try:
            return reader(value)
        except ValueError as fault:
            raise CommandError(
                f"{self.written.get(name, name)}: {value!r} {fault}",
                remedy="correct it in the source and convert again",
            ) from fault

    def number(self, name: str) -> float | None:
        """A number."""
        return self.read(name, values.number)

    def integer(self, name: str) -> int | None:
        """A whole number."""
        return self.read(name, values.integer)

    def flag(self, name: str) -> bool:
        """True or False; False where there is nothing."""
        return bool(self.read(name, values.boolean))

    def text(self, name: str) -> str | None:
        """Text."""
        return self.read(name, values.text)

    def texts(self, name: str) -> list[str]:
        """A list of texts, empty where there is nothing."""
        return self.read(name, values.texts) or []
