"""Faults of a call that end the command with exit code 2, each with its way out."""

from collections.abc import Sequence

from preference_api.wire import ExitCode


class CommandError(Exception):
    """What was asked for cannot be done.

    Args:
        message: A sentence that names the file, field or option.
        remedy: The way out, as an instruction; empty where the message says it all.
        reason: One CamelCase word for `--output json`.
        details: Single faults, where the message only counts them.
    """

    exit_code = ExitCode.BAD_CONFIGURATION

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        reason: str = "BadCall",
        details: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.reason = reason
        self.details = tuple(details)
