"""Checks of a model and pairs in a folder of this machine."""

import json
from pathlib import Path
from typing import Any

from pairs import location, model, text_rows, write_rows
from preference_api.wire import CheckSummary, RunDocument
from preference_trainer.check import CheckReport, run_check
from preference_trainer.metrics import Metrics
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest


def world(folder: Path, *, rows: Any = None, chat: bool = False) -> Path:
    """A folder with a model in `base` and pairs in `pairs.jsonl`."""
    model(folder / "base", chat=chat)
    write_rows(folder / "pairs.jsonl", rows or text_rows(60))
    return folder


def document(folder: Path, **fields: Any) -> RunDocument:
    """What to check in a folder; fields replace whole blocks of the spec.

    `$` in a text stands for the URI of the folder.
    """
    spec = {
        "method": "DPO",
        "model": {"uri": "$/base"},
        "dataset": {"uri": "$/pairs.jsonl", "maxLength": 256},
        "output": {"uri": "$/output"},
        **fields,
    }
    text = json.dumps({"name": "check", "spec": spec, "local": True})
    return RunDocument.model_validate_json(text.replace("$/", f"{folder.as_uri()}/"))


def check(folder: Path, **fields: Any) -> CheckSummary:
    """Run a check in a folder, each time with a work folder of its own."""
    work = folder / f"work-{len(list(folder.glob('work-*')))}"
    work.mkdir()
    return run_check(
        document(folder, **fields),
        workdir=work,
        board=ProgressBoard(),
        metrics=Metrics(job="job"),
        stop=StopRequest(),
    )


def report_of(summary: CheckSummary, folder: Path) -> CheckReport:
    """The whole report that a check left."""
    assert summary.report_uri is not None
    path = summary.report_uri.removeprefix(folder.as_uri() + "/")
    return CheckReport.model_validate_json((location(folder) / path).read())
