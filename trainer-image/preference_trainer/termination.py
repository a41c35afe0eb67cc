"""The last word of the process: exit code, reason and results as a termination message."""

import os
from collections.abc import Iterator
from pathlib import Path

from preference_api.wire import (
    TERMINATION_BYTES,
    TERMINATION_PATH,
    TERMINATION_VARIABLE,
    ExitCode,
    TerminationMessage,
)
from preference_trainer.errors import UNEXPECTED, TrainerError
from preference_trainer.log import log


def of_error(error: TrainerError) -> TerminationMessage:
    """The message of a failure that a person can act on."""
    return TerminationMessage(
        exit_code=error.exit_code,
        reason=error.reason,
        message=error.message,
        remedy=error.remedy,
        checkpoint_uri=error.checkpoint_uri,
        step=error.step,
        listing=error.listing,
    )


def of_exception(error: Exception) -> TerminationMessage:
    """The message of a failure that nobody foresaw, or of memory that ran out."""
    if type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError):
        return _OUT_OF_MEMORY
    return TerminationMessage(
        exit_code=UNEXPECTED,
        reason="UnexpectedError",
        message=f"{type(error).__name__}: {error}",
        remedy="The log above holds the traceback; please report it.",
    )


_OUT_OF_MEMORY = TerminationMessage(
    exit_code=UNEXPECTED,
    reason="OutOfMemory",
    message="the device ran out of memory",
    remedy="Lower spec.training.microBatchSize or spec.dataset.maxLength, set "
    "gradientCheckpointing, or train with lora.",
)


def fits(message: TerminationMessage) -> str:
    """JSON of at most 4 KiB: the longest texts are cut until it fits."""
    for shorter in _shorter(message):
        text = shorter.model_dump_json(by_alias=True, exclude_none=True)
        if len(text.encode()) <= TERMINATION_BYTES:
            return text
    return TerminationMessage(exit_code=message.exit_code, reason=message.reason).model_dump_json(
        by_alias=True, exclude_none=True
    )


def _shorter(message: TerminationMessage) -> Iterator[TerminationMessage]:
    """The message, then ever shorter ones: without warnings, with cut sentences."""
    yield message
    if message.check is not None:
        for count in range(len(message.check.warnings) - 1, -1, -1):
            kept = message.check.model_copy(update={"warnings": message.check.warnings[:count]})
            yield message.model_copy(update={"check": kept})
    for length in (1024, 512, 256):
        cut = {"message": message.message[:length] + "…", "remedy": message.remedy[:length]}
        yield message.model_copy(update={**cut, "check": None, "progress": None})


def write(message: TerminationMessage) -> None:
    """Log the message and put it where the kubelet, or the command line, looks for it."""
    done = message.exit_code == ExitCode.DONE
    if message.message:
        log(message.reason, level="info" if done else "error", message=message.message)
    path = os.environ.get(TERMINATION_VARIABLE, TERMINATION_PATH)
    try:
        Path(path).write_text(fits(message))
    except OSError as error:
        log("TerminationMessageNotWritten", level="warning", path=path, message=str(error))
