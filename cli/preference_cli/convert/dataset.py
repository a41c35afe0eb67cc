"""The pairs: one dataset or several, what is held out, and how long a pair may be."""

from collections.abc import Iterator

from preference_api.v1alpha1.dataset import Overlong
from preference_cli.convert import values
from preference_cli.convert.findings import Kind
from preference_cli.convert.locations import Remark, dataset_location
from preference_cli.convert.rows import Outcome, Row, Rule, Unmapped, outcome
from preference_cli.convert.settings import Settings
from preference_cli.convert.sources import (
    LIST,
    MIXER,
    MIXTURE,
    ONE,
    Part,
    Parts,
    mixture_entries,
    parts_of,
)
from preference_cli.errors import CommandError

_HELD_OUT = ("eval_strategy", "dataset_test_split", "test_split_size")
_ENTRY = {"id", "path", "config", "name", "split", "weight", "fraction", "columns", "data_files"}
_MIXTURE_KEYS = {"datasets", "test_split_size"}
_TENTH = "a tenth of the prompts is held out"
_FRACTION = (
    "TRL's fraction is a share of the mixture, weight one of the dataset: the weights hold for "
    "datasets of equal size; else weight = fraction x rows of the mixture / rows of the dataset"
)


def _pairs(settings: Settings) -> Iterator[Outcome]:
    parts = parts_of(settings)
    if not parts.training:
        raise CommandError(
            f"{parts.names[0]} names no dataset to train on",
            remedy="name one with a split to train on",
        )
    named = tuple(name for name in parts.names if settings.has(name))
    yield _sources(settings, named, parts)
    for part in parts.training:
        for kind, note in _remarks(part):
            about = f"{_called(part)}: {note}"
            yield outcome(settings, named, kind=kind, target="dataset", note=about)
    yield from _beside(settings)


def _remarks(part: Part) -> Iterator[Remark]:
    yield from dataset_location(part.name, part.config, part.split).remarks
    if part.split.startswith("test"):
        yield (
            Kind.TO_FILL,
            "it is trained on, and figures published on it are no longer comparable",
        )


def _beside(settings: Settings) -> Iterator[Outcome]:
    """What the entries of a list of datasets say beside their places."""
    names, entries = LIST, settings.read("datasets", values.mappings) or []
    if settings.has("dataset_mixture"):
        names, entries = MIXTURE, mixture_entries(settings)
        if set(settings.read("dataset_mixture", values.mapping) or {}) - _MIXTURE_KEYS:
            note = "training.seed seeds the order and the choice of pairs"
            yield outcome(settings, names, kind=Kind.IGNORED, note=note)
    keys = {key for entry in entries for key, value in entry.items() if value is not None}
    if "columns" in keys:
        note = "columns are found by their names; dataset.columns names unusual ones"
        yield outcome(settings, names, kind=Kind.IGNORED, note=note)
    if "fraction" in keys:
        yield outcome(settings, names, kind=Kind.TO_FILL, target="dataset.mixture", note=_FRACTION)
    for key in sorted(keys - _ENTRY):
        note = f"{key} of a dataset cannot be said: name a file or folder in its uri"
        yield outcome(settings, names, kind=Kind.UNMAPPED, target="dataset", note=note)


def _sources(settings: Settings, named: tuple[str, ...], parts: Parts) -> Outcome:
    mixture = [
        {
            "uri": dataset_location(part.name, part.config, part.split).uri,
            "weight": part.weight,
        }
        for part in parts.training
    ]
    if len(mixture) == 1 and parts.training[0].weight == 1.0:
        return outcome(settings, named, target="dataset.uri", value=mixture[0]["uri"])
    return outcome(settings, named, target="dataset.mixture", value=mixture)


def _evaluation(settings: Settings) -> Iterator[Outcome]:
    """What is held out: a manifest always holds something out, TRL may not."""
    parts = parts_of(settings)
    named = tuple(name for name in (*_HELD_OUT, *parts.names) if settings.has(name))
    if len(parts.held_out) == 1:
        yield from _held_out_split(settings, named, parts.held_out[0])
        return
    kind, share, note = _held_out_share(parts)
    target = "dataset.evaluation.fraction"
    yield outcome(settings, named, kind=kind, target=target, value=share, note=note)


def _held_out_split(settings: Settings, named: tuple[str, ...], part: Part) -> Iterator[Outcome]:
    target = "dataset.evaluation.uri"
    location = dataset_location(part.name, part.config, part.split)
    yield outcome(settings, named, target=target, value=location.uri)
    for kind, note in location.remarks:
        yield outcome(settings, named, kind=kind, target=target, note=f"{_called(part)}: {note}")


def _held_out_share(parts: Parts) -> tuple[Kind, float | None, str]:
    if parts.held_out:
        note = f"one dataset can be held out and the source names {len(parts.held_out)}; {_TENTH}"
        return Kind.UNMAPPED, None, note
    if parts.share is None:
        return Kind.CHANGED, None, f"the source trains on all pairs; {_TENTH}"
    if parts.share < 1:
        return Kind.MAPPED, parts.share, ""
    note = f"{parts.share:g} rows: write them as a share of all rows; until then {_TENTH}"
    return Kind.TO_FILL, None, note


def _called(part: Part) -> str:
    return f"{part.name}, split {part.split}"


def _length(settings: Settings) -> Iterator[Outcome]:
    """TRL cuts answers and drops prompts that leave no room, which is Cut."""
    names = ("max_length",)
    longest = settings.integer("max_length")
    if longest is None:
        note = "no limit is not offered: the model's context length is one; 1024 is left"
        yield outcome(settings, names, kind=Kind.TO_FILL, target="dataset.maxLength", note=note)
    else:
        yield outcome(settings, names, target="dataset.maxLength", value=longest)
    names, target = ("truncation_mode",), "dataset.overlong"
    value = Overlong.CUT.value
    if settings.text("truncation_mode") == "keep_end":
        note = "prompts are not cut at their beginning; answers are cut at their end"
        yield outcome(settings, names, kind=Kind.UNMAPPED, target=target, value=value, note=note)
    else:
        yield outcome(settings, names, target=target, value=value)


_WHOLE = "only prompt and answer together are limited, by dataset.maxLength"

ROWS: tuple[Row, ...] = (
    Rule((*ONE, *MIXER, *MIXTURE, *LIST), _pairs),
    Rule(_HELD_OUT, _evaluation),
    Rule(("max_length", "truncation_mode"), _length),
    Unmapped("max_prompt_length", _WHOLE),
    Unmapped("max_completion_length", _WHOLE),
    Unmapped("truncation_side", "answers are cut at their end"),
    Unmapped(
        "auto_insert_empty_system_msg",
        "no empty system message is put before conversations that have none",
        (False,),
    ),
)
