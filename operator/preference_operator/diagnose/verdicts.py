"""What the Job controller makes of an attempt.

It follows the rules of a child Job in their order (KEP-3329): a pod with condition DisruptionTarget
is ignored, then one with exit code 75; exit codes 2, 3, 4 and 6 end the Job; all else counts.
"""

from enum import StrEnum
from typing import Any

from preference_api.wire import ExitCode
from preference_operator.diagnose import raw

_REFUSED = (
    ExitCode.BAD_CONFIGURATION,
    ExitCode.BAD_DATA,
    ExitCode.STORAGE_REFUSED,
    ExitCode.DIVERGED,
)


class Verdict(StrEnum):
    """What becomes of an attempt that ended.

    DONE: It did its work.
    REFUSED: The user's fault; the Job ends.
    PREEMPTED: Tried again, not counted.
    FAILED: Tried again, counted.
    """

    DONE = "Done"
    REFUSED = "Refused"
    PREEMPTED = "Preempted"
    FAILED = "Failed"


def verdict(pod: Any) -> Verdict:
    """The verdict on a pod whose container, or which itself, ended."""
    code = exit_code(pod)
    if raw.text(pod, "status", "phase") == "Succeeded":
        return Verdict.DONE
    if code == ExitCode.DONE and raw.text(pod, "status", "phase") != "Failed":
        return Verdict.DONE
    if raw.condition(pod, "DisruptionTarget", status="True"):
        return Verdict.PREEMPTED
    if code == ExitCode.STOPPED_EARLY:
        return Verdict.PREEMPTED
    return Verdict.REFUSED if code in _REFUSED else Verdict.FAILED


def exit_code(pod: Any) -> int | None:
    """Exit code of the trainer; None where its container never ran."""
    return raw.number(raw.container_state(pod, "terminated"), "exitCode")
