"""How a pod ended."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from preference_api.wire import TerminationMessage
from preference_operator.diagnose import raw
from preference_operator.diagnose.causes import cause
from preference_operator.diagnose.reasons import Diagnosis
from preference_operator.diagnose.verdicts import Verdict, exit_code, verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a pod ended.

    exit_code: The trainer's; None where its container never ran.
    diagnosis: None where it did its work.
    message: The trainer's last words; None where it left none that can be read.
    finished_at: When its container ended, as Kubernetes writes times.
    """

    verdict: Verdict
    exit_code: int | None
    diagnosis: Diagnosis | None
    message: TerminationMessage | None
    pod: str
    finished_at: str | None


def ended(pod: Any) -> Ending | None:
    """How a pod ended; None where it has not."""
    terminated = raw.container_state(pod, "terminated")
    over = raw.text(pod, "status", "phase") in ("Succeeded", "Failed")
    if not over and not terminated:
        return None
    said, what = _last_words(raw.text(terminated, "message")), verdict(pod)
    return Ending(
        verdict=what,
        exit_code=exit_code(pod),
        diagnosis=None if what is Verdict.DONE else cause(pod, said),
        message=said,
        pod=raw.name_of(pod),
        finished_at=raw.text(terminated, "finishedAt") or None,
    )


def _last_words(text: str) -> TerminationMessage | None:
    """The trainer's message; what a newer trainer adds to it is left out."""
    try:
        return TerminationMessage.model_validate_json(text, extra="ignore")
    except ValidationError:
        return None
