import signal
from pathlib import Path
from typing import Any

import pytest

from preference_api.wire import ExitCode, TerminationMessage
from preference_cli.ending import Exit, conclude

LOG = Path("/logs/train.log")


def said(code: int, reason: str, **fields: Any) -> TerminationMessage:
    return TerminationMessage(exit_code=code, reason=reason, **fields)


def ended(code: int, message: TerminationMessage | None = None, **fields: Any) -> Exit:
    return Exit("train", code, message, LOG, **fields)


@pytest.mark.parametrize(
    ("end", "code", "reason", "message"),
    [
        (ended(3, said(3, "BadData", message="row 7")), 3, "BadData", "row 7"),
        (ended(5, said(5, "StorageUnavailable")), 5, "StorageUnavailable", "StorageUnavailable"),
        (ended(-signal.SIGKILL), 137, "TrainerKilled", "memory ran out"),
        (ended(-signal.SIGSEGV), 139, "TrainerKilled", "native code"),
        (ended(-signal.SIGBUS), 135, "TrainerKilled", "/dev/shm"),
        (ended(-signal.SIGTERM), 143, "TrainerKilled", "signal 15 (Terminated)"),
        (ended(-40), 168, "TrainerKilled", "signal 40"),
        (ended(-signal.SIGSEGV, said(0, "Trained")), 139, "TrainerKilled", "native code"),
        (ended(-signal.SIGTERM, asked=True), 75, "StoppedEarly", "before there was anything"),
        (ended(-signal.SIGKILL, asked=True, killed=True), 130, "Interrupted", "at once"),
        (ended(-signal.SIGKILL, asked=True), 137, "TrainerKilled", "memory ran out"),
        (ended(1), 1, "TrainerFailed", "exit code 1"),
        (ended(0), 1, "TrainerFailed", "exit code 0"),
        (ended(0, said(0, "Trained")), 1, "TrainerFailed", "exit code 0"),
    ],
)
def test_says_how_the_trainer_ended(end: Exit, code: int, reason: str, message: str) -> None:
    ending = conclude(end)
    assert (ending.exit_code, ending.reason) == (code, reason)
    assert message in ending.message
    assert ending.log == LOG


def test_a_saved_stop_names_the_same_command() -> None:
    message = said(75, "StoppedEarly", message="told to stop", checkpoint_uri="s3://b/c", step=9)
    ending = conclude(ended(75, message, asked=True))
    assert ending.exit_code == ExitCode.STOPPED_EARLY
    assert "same command" in ending.remedy
    assert ending.said == message


def test_a_stop_that_nobody_asked_for_keeps_its_own_remedy() -> None:
    message = said(75, "Superseded", message="taken over", remedy="one attempt at a time")
    assert conclude(ended(75, message)).remedy == "one attempt at a time"


@pytest.mark.parametrize(
    ("end", "module"),
    [
        (ended(1, tail=["/usr/bin/python3: No module named preference_trainer"]), "preference_tr"),
        (ended(1, tail=["ModuleNotFoundError: No module named 'torch'"]), "torch"),
        (ended(1, said(1, "UnexpectedError", message="No module named 'trl.x'")), "trl.x"),
    ],
)
def test_a_missing_module_names_the_package_to_install(end: Exit, module: str) -> None:
    ending = conclude(end)
    assert ending.reason == "TrainerMissing"
    assert module in ending.message
    assert "'.[trainer]' in a checkout of preference-operator" in ending.remedy


def test_a_foreseen_failure_is_never_taken_for_a_missing_module() -> None:
    message = said(2, "BadConfiguration", message="No module named 'x'")
    assert conclude(ended(2, message)).reason == "BadConfiguration"


def test_only_an_unexplained_end_shows_the_log() -> None:
    tail = ["last words"]
    assert conclude(ended(1, tail=tail)).tail == tail
    assert conclude(ended(3, said(3, "BadData"), tail=tail)).tail == ()
