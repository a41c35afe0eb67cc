"""The datasets of a source, in whichever of four forms it names them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

from preference_cli.convert import values
from preference_cli.convert.settings import Settings
from preference_cli.errors import CommandError

ONE = ("dataset_name", "dataset_config", "dataset_train_split")
MIXER = ("dataset_mixer", "dataset_splits", "dataset_configs")
MIXTURE = ("dataset_mixture",)
LIST = ("datasets",)


@dataclass(frozen=True, slots=True)
class Part:
    """One dataset of a source."""

    name: str
    config: str | None
    split: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The datasets of a source and the settings that name them.

    held_out: Splits to evaluate on; empty where a share is cut off or nothing is evaluated.
    share: Rows to cut off: below 1 a share, else a number.
    """

    names: tuple[str, ...]
    training: tuple[Part, ...]
    held_out: tuple[Part, ...] = ()
    share: float | None = None


def parts_of(settings: Settings) -> Parts:
    """The datasets of a source; those of weight 0 are left out.

    Raises:
        CommandError: It names none, or one of them is not what it has to be.
    """
    found = _parts_of(settings)
    return replace(found, training=tuple(part for part in found.training if part.weight > 0))


def _parts_of(settings: Settings) -> Parts:
    if settings.has("dataset_mixer"):
        return _of_mixer(settings)
    if settings.has("dataset_mixture"):
        share = (settings.read("dataset_mixture", values.mapping) or {}).get("test_split_size")
        parts = tuple(_of_mixture(entry) for entry in mixture_entries(settings))
        size = None if share is None else _number("dataset_mixture", "test_split_size", share)
        return Parts(MIXTURE, parts, share=size)
    if settings.has("datasets"):
        entries = settings.read("datasets", values.mappings) or []
        return Parts(LIST, _of_list(entries), share=settings.number("test_split_size"))
    return _of_name(settings)


def _of_name(settings: Settings) -> Parts:
    name, config = settings.text("dataset_name"), settings.text("dataset_config")
    if name is None:
        raise CommandError(
            "the source names no dataset",
            remedy="add dataset_name, datasets, dataset_mixture or dataset_mixer to it",
        )
    training = Part(name, config, settings.text("dataset_train_split") or "train")
    evaluated = settings.text("eval_strategy") != "no" or settings.has("dataset_test_split")
    test = Part(name, config, settings.text("dataset_test_split") or "test")
    return Parts(ONE, (training,), (test,) if evaluated else ())


def _of_mixer(settings: Settings) -> Parts:
    """Splits with `train` in their names are trained on, the rest is evaluated on, as there."""
    mixer = settings.read("dataset_mixer", values.mapping) or {}
    configs = settings.texts("dataset_configs") or repeat(None)
    parts = [
        Part(name, config, split, _number("dataset_mixer", name, fraction))
        for (name, fraction), config in zip(mixer.items(), configs, strict=False)
        for split in settings.texts("dataset_splits")
    ]
    training = tuple(part for part in parts if "train" in part.split)
    return Parts(MIXER, training, tuple(part for part in parts if "train" not in part.split))


def mixture_entries(settings: Settings) -> list[Mapping[str, Any]]:
    """Datasets of a `dataset_mixture`."""
    return settings.read("dataset_mixture", _entries) or []


def _entries(mixture: Any) -> list[Mapping[str, Any]]:
    return values.mappings(values.mapping(mixture).get("datasets") or [])


def _of_mixture(entry: Mapping[str, Any]) -> Part:
    name = _name(MIXTURE[0], entry.get("id"))
    weight = _number(name, "weight", entry.get("weight", 1.0))
    return Part(name, entry.get("config"), str(entry.get("split") or "train"), weight)


def _of_list(entries: list[Mapping[str, Any]]) -> tuple[Part, ...]:
    """TRL's fractions are shares of the mixture; over datasets of equal size they are these."""
    fractions = [_number(LIST[0], "fraction", entry.get("fraction", 1.0)) for entry in entries]
    largest = max(fractions, default=1.0) or 1.0
    return tuple(
        Part(_path(entry), entry.get("name"), str(entry.get("split") or "train"), part / largest)
        for entry, part in zip(entries, fractions, strict=True)
    )


def _path(entry: Mapping[str, Any]) -> str:
    """The file that a list entry names, or the dataset."""
    files = entry.get("data_files")
    return _name(LIST[0], files if isinstance(files, str) else entry.get("path"))


def _name(setting: str, value: Any) -> str:
    if values.is_absent(value):
        raise CommandError(f"{setting}: a dataset has no name", remedy="name it in the source")
    return str(value)


def _number(setting: str, key: str, value: Any) -> float:
    try:
        return 1.0 if value is None else values.number(value)
    except ValueError as fault:
        raise CommandError(
            f"{setting}: {key} {value!r} {fault}", remedy="correct it in the source"
        ) from fault
