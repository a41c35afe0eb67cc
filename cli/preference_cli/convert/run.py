"""Name, output and checkpoints of a run."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from preference_cli.convert.findings import Kind
from preference_cli.convert.rows import Ignored, Outcome, Row, Rule, outcome
from preference_cli.convert.settings import Settings

_NAMES = ("hub_model_id", "output_dir", "run_name")
_SAVING = ("save_strategy", "save_steps")
_LONGEST_NAME = 63


def object_name(text: str) -> str:
    """A text as the name of a Kubernetes object (RFC 1123 label)."""
    word = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return word[:_LONGEST_NAME].strip("-")


def name_of(settings: Settings) -> tuple[str, str]:
    """A name and the setting it comes from: where the model is put, else the model itself."""
    for setting in _NAMES:
        found = object_name(PurePosixPath(settings.text(setting) or "").name)
        if found:
            return found, setting
    model = PurePosixPath(settings.text("model_name_or_path") or "model").name
    return object_name(f"{model}-{settings.method.value}"), "model_name_or_path"


def _saving(settings: Settings) -> Iterator[Outcome]:
    """When checkpoints are saved. It changes no result: what is left out is the operator's."""
    named = tuple(name for name in _SAVING if settings.has(name))
    if not named:
        return
    strategy, steps = settings.text("save_strategy") or "steps", settings.number("save_steps")
    target = "checkpoints.everySteps"
    if strategy == "steps" and steps and steps >= 1:
        yield outcome(settings, named, target=target, value=int(steps))
    elif strategy == "steps" and steps and settings.has("max_steps"):
        whole = settings.integer("max_steps") or 0
        note = f"{steps:g} of {whole} steps"
        value = max(1, int(steps * whole))
        yield outcome(settings, named, kind=Kind.CHANGED, target=target, value=value, note=note)
    else:
        note = f"checkpoints are saved by time (checkpoints.everyMinutes), not by {strategy}"
        if strategy == "no":
            note = "checkpoints are always saved: a preempted run goes on from the newest"
        yield outcome(settings, named, kind=Kind.CHANGED, target="checkpoints", note=note)


def _kept(settings: Settings) -> Iterator[Outcome]:
    kept = settings.integer("save_total_limit")
    if kept is not None:
        yield outcome(settings, ("save_total_limit",), target="checkpoints.keep", value=kept)


ROWS: tuple[Row, ...] = (
    Rule(_SAVING, _saving),
    Rule(("save_total_limit",), _kept),
    Ignored("runs, checkpoints and models go to output.uri", ("output_dir", "hub_model_id")),
    Ignored("a run is named after the object and its content", ("run_name",)),
)
