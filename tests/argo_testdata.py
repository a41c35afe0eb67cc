"""Writes the test data of Argo CD's side: `python tests/argo_testdata.py [--write]`.

Statuses are those that the operator writes at such a moment; specs are as the API server stores
them. Without `--write` the files that are out of date are named, and the exit code is 1.
"""

import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

import argo_cd
from lives import Life
from operator_builders import CHECK, TRAIN, UID
from pod_states import said
from preference_api.crd import object_schema
from preference_api.generated import GeneratedFile
from preference_api.walk import with_defaults
from preference_api.wire import ExitCode

Body = dict[str, Any]

STOPPED = said(
    ExitCode.STOPPED_EARLY,
    reason="Stopped",
    message="told to stop after step 13 of 40; the state is saved",
)
REFUSED = said(
    ExitCode.BAD_DATA,
    reason="BadData",
    message="row 17 of pairs.jsonl: the chosen and the rejected answer are equal",
    remedy="Remove the row.",
)


def new() -> Life:
    return Life()


def training() -> Life:
    life = Life()
    life.train()
    return life


def restarting() -> Life:
    life = training()
    life.end(TRAIN, ExitCode.STOPPED_EARLY, STOPPED)
    return life


def suspending() -> Life:
    life = training()
    life.edit(suspend=True)
    life.operate()
    return life


def suspended() -> Life:
    life = suspending()
    life.sweep()
    return life


def finished() -> Life:
    life = training()
    life.end(TRAIN)
    return life


def edited() -> Life:
    life = finished()
    life.edit(dpo={"beta": 0.3})
    return life


def failed() -> Life:
    life = Life()
    life.operate()
    life.end(CHECK, ExitCode.BAD_DATA, REFUSED)
    return life


def invalid() -> Life:
    life = Life()
    life.edit(image="theirs/trainer")
    life.operate()
    return life


MOMENTS = (new, training, restarting, suspending, suspended, finished, edited, failed, invalid)
OUTCOMES: Mapping[str, tuple[Callable[[], Life], Body]] = {
    "training-suspended": (training, {"suspend": True}),
    "suspended-resumed": (suspended, {"suspend": False}),
    "finished-retrained": (finished, {"retrain": {"nonce": f"{UID}-1"}}),
    "failed-retrained": (failed, {"retrain": {"nonce": f"{UID}-1"}}),
}
"""What an action has to make of a moment: the fields that it sets."""


def stored(life: Life) -> Body:
    """The object as the API server keeps it."""
    filled: Body = with_defaults(life.body, object_schema())
    return filled


def changed(body: Body, spec: Body) -> Body:
    """A copy with fields of the spec set, one block deep."""
    copy = deepcopy(body)
    for name, value in spec.items():
        old = copy["spec"].get(name)
        copy["spec"][name] = {**old, **value} if isinstance(old, dict) else value
    return copy


def _file(path: Path, body: Callable[[], Body]) -> GeneratedFile:
    return GeneratedFile(path=path, render=lambda: yaml.safe_dump(body(), sort_keys=False))


def _moment(folder: str, moment: Callable[[], Life]) -> GeneratedFile:
    path = argo_cd.FOLDER / folder / f"{moment.__name__}.yaml"
    return _file(path, lambda: stored(moment()))


def _outcome(name: str) -> GeneratedFile:
    moment, spec = OUTCOMES[name]
    path = argo_cd.FOLDER / "actions/testdata" / f"{name}.yaml"
    return _file(path, lambda: changed(stored(moment()), spec))


FILES = (
    *(_moment("testdata", moment) for moment in MOMENTS),
    *(_moment("actions/testdata", moment) for moment in (training, suspended, finished, failed)),
    *map(_outcome, OUTCOMES),
)


def main(arguments: list[str]) -> int:
    """Write the files, or tell which have to be written; the exit code."""
    old = [file for file in FILES if not _is_current(file)]
    for file in old:
        print(f"{'written' if arguments == ['--write'] else 'out of date'}: {file.path.name}")
        if arguments == ["--write"]:
            file.path.write_text(file.render(), encoding="utf-8")
    return 1 if old and not arguments else 0


def _is_current(file: GeneratedFile) -> bool:
    return file.path.is_file() and file.path.read_text(encoding="utf-8") == file.render()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
