"""Finished runs in an output, and others who move the pointer to the current model meanwhile."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import specs
from preference_api.v1alpha1.status import Resolved
from preference_api.wire import Origin, RunDocument
from preference_trainer.pointer import ROLLED_BACK, Move, Pointer
from preference_trainer.storage import Location, publish_tree

CURRENT = "jobs/default/job/current.json"


def document(output: Location, run: str | None = None, **fields: Any) -> RunDocument:
    """A run document of job `job`, checked where a run is named."""
    spec = specs.spec(output={"uri": output.uri}, **fields)
    resolved = Resolved(run_id=run, dataset_digest="d", model_digest="m") if run else None
    origin = Origin(commit=f"commit-of-{run}") if run else Origin()
    return RunDocument(name="job", spec=spec, local=True, resolved=resolved, origin=origin)


def finish(output: Location, run: str, *, accuracy: float = 0.6, attempts: int = 1) -> None:
    """Leave what a finished run leaves, as small as it may be."""
    place = output / f"runs/{run}"
    (place / "attempt.json").write(json.dumps({"number": attempts, "holder": "x"}).encode())
    (place / "run.json").write(document(output, run).model_dump_json(by_alias=True).encode())
    with TemporaryDirectory() as folder:
        (Path(folder) / "model.safetensors").write_text(f"weights of {run}")
        publish_tree(Path(folder), place / "model", about={"runId": run})
    result = {
        "runId": run,
        "modelUri": (place / "model").uri,
        "reportUri": (place / "report.html").uri,
        "metrics": {"accuracy": accuracy},
        "headline": f"{run} is better.",
        "gateMessage": "No condition is set.",
    }
    (place / "result.json").write(json.dumps(result).encode())


def promote(output: Location, run: str) -> None:
    """Make a run the current model, as the gate does."""
    move = Move(run_id=run, reason="Promoted")
    Pointer(output, output / CURRENT).move(lambda _said: (None, move))


def go_back(output: Location, run: str) -> None:
    """Make a run the current model, as a person does; it need not be there."""
    move = Move(run_id=run, reason=ROLLED_BACK, by="ada")
    Pointer(output, output / CURRENT).move(lambda _said: (None, move))


def current(output: Location) -> dict[str, Any]:
    """What the pointer says."""
    said: dict[str, Any] = json.loads((output / CURRENT).read())
    return said


def moves(output: Location) -> list[str]:
    """The runs that were current, newest first."""
    said = current(output)
    return [said["runId"], *(entry["runId"] for entry in said["history"])]


def interrupt(
    monkeypatch: pytest.MonkeyPatch, output: Location, act: Callable[[], None], *, times: int = 1
) -> None:
    """Let somebody else act right before each of the next writes of the pointer."""
    write, left = type(output.store).write, [act] * times
    inside: list[str] = []

    def interrupted(store: Any, key: str, data: bytes, **conditions: Any) -> str:
        if key.endswith("current.json") and left and not inside:
            inside.append(key)
            left.pop()()
            inside.clear()
        return write(store, key, data, **conditions)

    monkeypatch.setattr(type(output.store), "write", interrupted)
