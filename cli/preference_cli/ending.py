"""How a trainer process ended, in words: a pure reading of exit code, last word and log."""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from preference_api.installing import from_checkout
from preference_api.wire import CheckSummary, ExitCode, TerminationMessage, TrainSummary

INTERRUPTED = 128 + signal.SIGINT
"""Exit code after the second Ctrl-C, as shells count it."""

_AGAIN = "give the same command again"
_LOG_SAYS_MORE = "the log says more"
_EXPECTED = {"check": "check", "train": "result"}
_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_DEATHS: dict[int, tuple[str, str]] = {
    signal.SIGKILL: (
        "was killed (SIGKILL), which nearly always means that memory ran out",
        "lower training.microBatchSize or dataset.maxLength, set model.lora, or give it more "
        f"memory; then {_AGAIN}, which goes on from the last checkpoint",
    ),
    signal.SIGSEGV: (
        "crashed in native code (SIGSEGV)",
        f"compare the installed versions with constraints.txt; {_LOG_SAYS_MORE}",
    ),
    signal.SIGBUS: (
        "crashed on a memory access (SIGBUS), which often means that /dev/shm or a disk is full",
        f"make room, then {_AGAIN}",
    ),
}


@dataclass(frozen=True, slots=True)
class Exit:
    """What is known about a process that has ended.

    Args:
        verb: What it was started for.
        code: As `subprocess.Popen.returncode`: negative for a signal.
        said: Its termination message, if it wrote one.
        log: Its log.
        tail: The last lines of the log.
        asked: True where it had been asked to stop.
        killed: True where it was killed on demand.
    """

    verb: str
    code: int
    said: TerminationMessage | None
    log: Path
    tail: Sequence[str] = ()
    asked: bool = False
    killed: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a call.

    Args:
        exit_code: The command's exit code.
        reason: One CamelCase word.
        message: What happened, a sentence; empty where all went well.
        remedy: The way out.
        log: The log of the process that ended.
        tail: Its last lines, where nothing better explains the end.
        said: The process's own last word.
    """

    exit_code: int
    reason: str
    message: str = ""
    remedy: str = ""
    log: Path | None = None
    tail: Sequence[str] = ()
    said: TerminationMessage | None = None

    @property
    def check(self) -> CheckSummary | None:
        """The verdict of a check that went well."""
        return self.said.check if self.said and self.exit_code == ExitCode.DONE else None

    @property
    def result(self) -> TrainSummary | None:
        """What a training that went well left behind."""
        return self.said.result if self.said and self.exit_code == ExitCode.DONE else None


def conclude(end: Exit) -> Ending:
    """Put the end of a process into words."""
    if end.code < 0:
        return _ended_by_signal(end)
    if module := _missing_module(end):
        return _not_installed(end, module)
    if end.said is None or _lacks_summary(end.said, end):
        return _speechless(end)
    return _spoken(end, end.said)


def stopped_before_training() -> Ending:
    """The user stopped the call when the check was over and training had not begun."""
    return Ending(ExitCode.STOPPED_EARLY, "StoppedEarly", "stopped before training began", _AGAIN)


def trained_elsewhere() -> Ending:
    """The check found that somebody else trains the same run."""
    message = "the same run is trained elsewhere, say by a cluster with the same output"
    remedy = f"{_AGAIN} when that has ended: its result is used, and nothing trained anew"
    return Ending(ExitCode.STOPPED_EARLY, "TrainedElsewhere", message, remedy)


def _spoken(end: Exit, said: TerminationMessage) -> Ending:
    if end.code == ExitCode.DONE:
        return Ending(end.code, said.reason, log=end.log, said=said)
    stopped = end.asked and end.code == ExitCode.STOPPED_EARLY
    remedy = f"{_AGAIN}; it goes on from there" if stopped else said.remedy
    return Ending(end.code, said.reason, said.message or said.reason, remedy, end.log, said=said)


def _lacks_summary(said: TerminationMessage, end: Exit) -> bool:
    part = _EXPECTED.get(end.verb)
    return end.code == ExitCode.DONE and part is not None and getattr(said, part) is None


def _speechless(end: Exit) -> Ending:
    message = f"the trainer ended with exit code {end.code} and did not say why"
    return Ending(end.code or 1, "TrainerFailed", message, _LOG_SAYS_MORE, end.log, end.tail)


def _ended_by_signal(end: Exit) -> Ending:
    if end.killed:
        message = "stopped at once; what was not saved is lost"
        remedy = f"{_AGAIN}; it goes on from what is saved"
        return Ending(INTERRUPTED, "Interrupted", message, remedy, end.log)
    if end.asked and end.code == -signal.SIGTERM:
        message = "stopped before there was anything new to save"
        return Ending(ExitCode.STOPPED_EARLY, "StoppedEarly", message, _AGAIN, end.log)
    return _died(end, -end.code)


def _died(end: Exit, number: int) -> Ending:
    unusual = (f"was ended by signal {number} ({signal.strsignal(number)})", _LOG_SAYS_MORE)
    words, remedy = _DEATHS.get(number, unusual)
    return Ending(128 + number, "TrainerKilled", f"the trainer {words}", remedy, end.log, end.tail)


def _missing_module(end: Exit) -> str | None:
    """The module that an interpreter without the trainer lacks."""
    if end.code in set(ExitCode):
        return None
    found = _MODULE.search(end.said.message if end.said else "\n".join(end.tail))
    return found.group(1) if found else None


def _not_installed(end: Exit, module: str) -> Ending:
    message = f"the trainer is not installed for this interpreter: module {module} is missing"
    remedy = (
        f"run {from_checkout('trainer')}, or name an interpreter that has it by --python or "
        "PREFERENCE_PYTHON"
    )
    return Ending(end.code, "TrainerMissing", message, remedy, end.log)
