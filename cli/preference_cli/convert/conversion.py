"""From a source's text to a manifest."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from preference_api.v1alpha1.methods import Method
from preference_cli.convert.defaults import defaults_for
from preference_cli.convert.findings import Conversion, Finding, Kind
from preference_cli.convert.locations import BUCKET
from preference_cli.convert.manifest import at, build
from preference_cli.convert.naming import Named, name_settings, unknown_outcomes
from preference_cli.convert.rows import Outcome, Row
from preference_cli.convert.run import name_of, object_name
from preference_cli.convert.settings import Settings
from preference_cli.convert.source import Source, method_of, read_source
from preference_cli.convert.table import TABLE, decides

_TELLING = ("hub_model_id", "output_dir", "run_name")
_SHOWN = 160
_NO_FILES: Mapping[str, str] = {}


def convert(
    text: str,
    *,
    method: Method | None = None,
    name: str | None = None,
    output: str | None = None,
    processes: int | None = None,
    files: Mapping[str, str] = _NO_FILES,
) -> Conversion:
    """The manifest of a training command or recipe.

    Args:
        text: A command line of TRL, accelerate, torchrun, deepspeed or Python, or a recipe in YAML.
        method: The method, where the text does not tell it.
        name: Name of the object; taken from the text where absent.
        output: `output.uri`; a placeholder where absent.
        processes: Processes of the whole training, over what the text says.
        files: Contents of files that the text names (`source.files_of`).

    Raises:
        CommandError: The text cannot be read, or what it says breaks the rules of the kind.
    """
    source = read_source(text, files)
    named = name_settings(source)
    chosen, outcomes = _method(method or source.method, named)
    settings = _settings(named, chosen, processes)
    outcomes += [*_metadata(settings, name), _output(output), *_environment(source)]
    outcomes += [found for row in TABLE for found in _row(row, settings)]
    outcomes += [*_without_effect(outcomes, settings), *unknown_outcomes(named.unknown)]
    manifest = build(outcomes)
    return Conversion(manifest, tuple(_findings(outcomes, manifest, settings)))


def _settings(named: Named, method: Method, processes: int | None) -> Settings:
    tool, defaults = defaults_for(named.given, method)
    return Settings(method, tool, named.given, defaults, named.written, processes)


def _method(told: Method | None, named: Named) -> tuple[Method, list[Outcome]]:
    """The method; a guess from names of outputs where nothing tells it."""
    target = "method"
    if told is not None:
        return told, [Outcome(Kind.MAPPED, (), target, "", told.value)]
    guess = next(filter(None, (method_of(str(named.given.get(key, ""))) for key in _TELLING)), None)
    if guess is None:
        guess = Method.ORPO if named.written.get("beta", "").startswith("orpo") else Method.DPO
    note = f"the source does not tell DPO from ORPO, {guess.value} is a guess: see --method"
    return guess, [Outcome(Kind.TO_FILL, (), target, note, guess.value)]


def _metadata(settings: Settings, name: str | None) -> Iterator[Outcome]:
    target = "metadata.name"
    if name is not None:
        yield Outcome(Kind.MAPPED, ("--name",), target, "", object_name(name))
    else:
        found, setting = name_of(settings)
        yield Outcome(Kind.CHANGED, settings.present(setting), target, f"named {found}", found)


def _output(output: str | None) -> Outcome:
    target = "output.uri"
    if output is not None:
        return Outcome(Kind.MAPPED, ("--output-uri",), target, "", output)
    note = "a placeholder: name a bucket and prefix of yours"
    return Outcome(Kind.TO_FILL, (), target, note, f"{BUCKET}/preference")


def _environment(source: Source) -> Iterator[Outcome]:
    if source.environment:
        note = "the operator sets the environment of the processes"
        yield Outcome(Kind.IGNORED, source.environment, note=note)
    for path in source.unread:
        note = f"{path} is not there: what it says about devices and sharding is not known"
        yield Outcome(Kind.TO_FILL, (path,), "resources", note)


def _row(row: Row, settings: Settings) -> Iterator[Outcome]:
    if row.method in (None, settings.method):
        yield from row.outcomes(settings)
        return
    for name in row.names:
        if settings.has(name) and not decides(name, settings.method):
            note = f"{settings.method.value} has no such setting"
            yield Outcome(Kind.IGNORED, settings.present(name), note=note)


def _without_effect(outcomes: list[Outcome], settings: Settings) -> Iterator[Outcome]:
    """What no row had a use for, so that nothing that was written goes unmentioned."""
    mentioned = {name for found in outcomes for name in found.source}
    for name in settings.given:
        written = settings.present(name)
        if not mentioned.issuperset(written):
            note = "has no effect beside the other settings"
            yield Outcome(Kind.IGNORED, written, note=note)


def _findings(
    outcomes: list[Outcome], manifest: Mapping[str, Any], settings: Settings
) -> Iterator[Finding]:
    """Findings in the order of the table; a default that the kind shares is not worth one."""
    for found in outcomes:
        shared = found.implied and found.kind is Kind.MAPPED
        if shared and at(manifest, found.target) is None:
            continue
        note = _renamed(found, settings) + (found.note or _shown(found.value))
        yield Finding(found.kind, ", ".join(found.source), found.target, note)


def _shown(value: Any) -> str:
    """A value in a note."""
    if value is None or isinstance(value, dict):
        return ""
    text = " ".join(value.split()) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _renamed(found: Outcome, settings: Settings) -> str:
    """Which of the names are former ones."""
    present = {written: name for name, written in settings.written.items()}
    pairs = [(name, present.get(name, name).removeprefix("launch.")) for name in found.source]
    told = ", ".join(
        f"{old} is called {new}" for old, new in pairs if old.removeprefix("no_") != new
    )
    return f"{told}. " if told else ""
