"""The last word of the process: exit code, reason and results as a termination message."""

import os
from pathlib import Path

from preference_api.wire import (
    TERMINATION_BYTES,
    TERMINATION_PATH,
    TERMINATION_VARIABLE,
    ExitCode,
    TerminationMessage,
)
from preference_trainer.errors import TrainerError
from preference_trainer.log import log


def of_error(error: TrainerError) -> TerminationMessage:
    """The message of a failure that a person can act on."""
    return TerminationMessage(
        exit_code=error.exit_code,
        reason=error.reason,
        message=error.message,
        remedy=error.remedy,
        checkpoint_uri=getattr(error, "checkpoint_uri", None),
        step=getattr(error, "step", None),
    )


def of_exception(error: Exception) -> TerminationMessage:
    """The message of a failure that nobody foresaw, or of memory that ran out."""
    if type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError):
        return _OUT_OF_MEMORY
    return TerminationMessage(
        exit_code=1,
        reason="UnexpectedError",
        message=f"{type(error).__name__}: {error}",
        remedy="The log above holds the traceback; please report it.",
    )


_OUT_OF_MEMORY = TerminationMessage(
    exit_code=1,
    reason="OutOfMemory",
    message="the device ran out of memory",
    remedy="Lower spec.training.microBatchSize or spec.dataset.maxLength, set "
    "gradientCheckpointing, or train with lora.",
)


def fits(message: TerminationMessage) -> str:
    """JSON of at most 4 KiB: the longest texts are cut until it fits."""
    text = message.model_dump_json(by_alias=True, exclude_none=True)
    while len(text.encode()) > TERMINATION_BYTES:
        message = _shorter(message)
        text = message.model_dump_json(by_alias=True, exclude_none=True)
    return text


def _shorter(message: TerminationMessage) -> TerminationMessage:
    if message.check and message.check.warnings:
        check = message.check.model_copy(update={"warnings": message.check.warnings[:-1]})
        return message.model_copy(update={"check": check})
    half = len(message.message) // 2
    return message.model_copy(
        update={"message": message.message[:half] + "…", "remedy": message.remedy[:256]}
    )


def write(message: TerminationMessage) -> None:
    """Log the message and put it where the kubelet, or the command line, looks for it."""
    done = message.exit_code == ExitCode.DONE
    log(message.reason, level="info" if done else "error", message=message.message)
    path = os.environ.get(TERMINATION_VARIABLE, TERMINATION_PATH)
    if Path(path).parent.is_dir():
        Path(path).write_text(fits(message))
