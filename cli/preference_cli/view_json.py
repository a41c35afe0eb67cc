"""`--output json`: one JSON object a line on stdout, and nothing else there."""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from preference_api.v1alpha1.status import Progress
from preference_api.wire import CheckSummary, RunDocument
from preference_cli.ending import Ending
from preference_cli.pace import Pace
from preference_cli.result import RunResult

_SECONDS_BETWEEN = 1.0


class JsonView:
    """Events start, progress, notice and checked, then one `result`; the log goes to stderr."""

    def __init__(self) -> None:
        self._pace = Pace(seconds=_SECONDS_BETWEEN)

    def start(self, document: RunDocument, folder: Path) -> None:
        """Event `start`."""
        emit("start", name=document.name, namespace=document.namespace, folder=str(folder))

    def progress(self, progress: Progress) -> None:
        """Event `progress`, for another stage at once and otherwise once a second."""
        if self._pace.passes(progress):
            emit("progress", **plain_value(progress))

    def log(self, line: str) -> None:
        """The line as it is, on stderr."""
        print(line, file=sys.stderr, flush=True)

    def notice(self, text: str) -> None:
        """Event `notice`."""
        emit("notice", message=text)

    def checked(self, summary: CheckSummary, details: Sequence[str]) -> None:
        """Event `checked`; the details stand in the report that it names."""
        emit("checked", **plain_value(summary))

    def end(self, ending: Ending, result: RunResult | None) -> None:
        """Event `result`."""
        said = ending.said
        emit(
            "result",
            exitCode=int(ending.exit_code),
            reason=ending.reason,
            message=ending.message,
            remedy=ending.remedy,
            log=str(ending.log) if ending.log else None,
            checkpointUri=said.checkpoint_uri if said else None,
            check=plain_value(said.check) if said else None,
            result=plain_value(result),
        )

    def close(self) -> None:
        """Nothing is open."""


def emit(event: str, **fields: Any) -> None:
    """Write an event; fields without a value are left out."""
    known = {name: value for name, value in fields.items() if value not in (None, "")}
    print(json.dumps({"event": event, **known}, allow_nan=False), flush=True)


def plain_value(value: BaseModel | None) -> Any:
    """A model as JSON values by its names on the wire; NaN, which JSON lacks, becomes null."""
    return _finite(value.model_dump(mode="json", by_alias=True)) if value else None


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
