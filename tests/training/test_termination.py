"""The last word of a process: always short enough, never in the way of the exit code."""

import json
from pathlib import Path
from typing import Any

import pytest

from preference_api.v1alpha1.status import Metrics
from preference_api.wire import (
    TERMINATION_BYTES,
    TERMINATION_VARIABLE,
    CheckSummary,
    Resolved,
    TerminationMessage,
    TrainSummary,
)
from preference_trainer import termination
from preference_trainer.errors import DataError

RESOLVED = Resolved(run_id="r" * 16, dataset_digest="d" * 64, model_digest="m" * 64)


def checked(**changes: Any) -> CheckSummary:
    summary = CheckSummary(resolved=RESOLVED, reused=False, pairs=5, evaluation_pairs=2, dropped=0)
    return summary.model_copy(update=changes)


def trained(uri: str) -> TrainSummary:
    return TrainSummary(
        run_id="r" * 16, model_uri=uri, report_uri=uri, metrics=Metrics(), headline="Better."
    )


LONG = {
    "a long sentence": {"message": "x" * 9000},
    "a long sentence of wide characters": {"message": "漢" * 9000, "remedy": "字" * 9000},
    "many warnings": {"check": checked(warnings=["w" * 900] * 8)},
    "URIs longer than all of it": {"result": trained("s3://bucket/" + "é" * 1000)},
}


@pytest.mark.parametrize("fields", LONG.values(), ids=LONG.keys())
def test_message_fits(fields: dict[str, Any]) -> None:
    text = termination.fits(TerminationMessage(exit_code=3, reason="BadData", **fields))
    said = json.loads(text)
    assert len(text.encode()) <= TERMINATION_BYTES
    assert (said["exitCode"], said["reason"]) == (3, "BadData")


def test_warnings_go_before_the_result_of_a_check() -> None:
    message = TerminationMessage(
        exit_code=0, reason="Checked", check=checked(warnings=["w" * 900] * 8)
    )
    said = json.loads(termination.fits(message))
    assert said["check"]["resolved"]["runId"] == "r" * 16
    assert 0 < len(said["check"]["warnings"]) < 8


def test_error_brings_its_remedy_and_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "message.json"
    monkeypatch.setenv(TERMINATION_VARIABLE, str(path))
    error = DataError("row 3 is broken", remedy="Mend it.")
    error.checkpoint_uri, error.step = "s3://bucket/checkpoint", 7
    termination.write(termination.of_error(error))
    said = json.loads(path.read_text())
    assert said["remedy"] == "Mend it."
    assert (said["checkpointUri"], said["step"]) == ("s3://bucket/checkpoint", 7)


def test_place_that_cannot_be_written_to_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(TERMINATION_VARIABLE, "/proc/no/such/place")
    termination.write(TerminationMessage(exit_code=0, reason="Done"))
    assert "TerminationMessageNotWritten" in capsys.readouterr().out


def test_memory_that_ran_out_is_told_as_such() -> None:
    class OutOfMemoryError(RuntimeError):
        pass

    assert termination.of_exception(OutOfMemoryError()).reason == "OutOfMemory"
    assert termination.of_exception(KeyError("x")).reason == "UnexpectedError"
