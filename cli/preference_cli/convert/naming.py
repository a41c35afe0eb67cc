"""From settings as written to settings under their present names; what is unknown is kept apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from preference_cli.convert import values
from preference_cli.convert.findings import Kind
from preference_cli.convert.rows import Outcome
from preference_cli.convert.source import Source
from preference_cli.convert.table import KNOWN, LAUNCH, nearest, resolve

_INSIDE = {"revision": "model_revision", "torch_dtype": "dtype"}


@dataclass(frozen=True, slots=True)
class Named:
    """Settings by present name, the names as written where they differ, and the unknown ones."""

    given: Mapping[str, Any]
    written: Mapping[str, str]
    unknown: tuple[str, ...]


def name_settings(source: Source) -> Named:
    """Every setting of a source under its present name."""
    given: dict[str, Any] = {}
    written: dict[str, str] = {}
    unknown = []
    launcher = {f"{LAUNCH}{name}": value for name, value in source.launcher.items()}
    for name, value in {**launcher, **_opened(source.settings)}.items():
        found, value = _present(name, value)
        if found is None:
            unknown.append(name.removeprefix(LAUNCH))
            continue
        given[found] = value
        written[found] = name.removeprefix(LAUNCH)
    return Named(given, written, tuple(unknown))


def _opened(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What `model_init_kwargs` says as settings of their own, which it overrides in TRL too."""
    inside = settings.get("model_init_kwargs")
    if values.is_absent(inside):
        return dict(settings)
    try:
        found = values.mapping(inside)
    except ValueError:
        return dict(settings)
    known = {_INSIDE.get(name, name): value for name, value in found.items()}
    rest = {name: value for name, value in known.items() if resolve(name) is None}
    others = {name: value for name, value in settings.items() if name != "model_init_kwargs"}
    opened = {**others, **{name: value for name, value in known.items() if name not in rest}}
    return {**opened, "model_init_kwargs": rest} if rest else opened


def _present(name: str, value: Any) -> tuple[str | None, Any]:
    """The present name and the value; `--no_NAME` is NAME set to false."""
    if name in KNOWN:
        return name, value
    found = resolve(name)
    opposite = resolve(name.removeprefix("no_"))
    if found is None and name.startswith("no_") and opposite is not None:
        return opposite, False
    return found, value


def unknown_outcomes(unknown: tuple[str, ...]) -> list[Outcome]:
    """A finding for every name that is not known, with the nearest one that is."""
    return [
        Outcome(Kind.UNMAPPED, (name,), note=f"this name is not known{_meant(name)}")
        for name in unknown
    ]


def _meant(name: str) -> str:
    near = nearest(name)
    return f"; did you mean {near}?" if near else ""
