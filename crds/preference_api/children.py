"""Names of the Jobs that belong to a PreferenceJob: decided by what they are for.

Making one twice makes one, and whoever meets a name can tell whose it is.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

# A pod of an Indexed Job gets `-0` as its host name's end, and a host name has 63 characters.
_MOST_CHARACTERS = 61
_DIGEST_DIGITS = 7


class ChildStage(StrEnum):
    """What a child Job is for; the value of its label and the end of its name."""

    CHECK = "check"
    TRAIN = "train"
    LIST = "list"


_END = re.compile(rf"-([0-9a-f]{{10}})-({'|'.join(ChildStage)})$")


def child_name(job_name: str, run_hash: str, stage: ChildStage) -> str:
    """Name of a child Job of a PreferenceJob, at most 61 characters.

    Long names are cut, with a digest of the whole in place of the rest.
    """
    end = f"-{run_hash}-{stage}"
    room = _MOST_CHARACTERS - len(end)
    if len(job_name) > room:
        digest = hashlib.sha256(job_name.encode()).hexdigest()[:_DIGEST_DIGITS]
        job_name = f"{job_name[: room - _DIGEST_DIGITS - 1].rstrip('-')}-{digest}"
    return job_name + end


@dataclass(frozen=True, slots=True)
class ChildName:
    """What a child's name says."""

    run_hash: str
    stage: ChildStage


def parse_child_name(name: str) -> ChildName | None:
    """Read the end of a child's name; None where it is no child's."""
    found = _END.search(name)
    return None if found is None else ChildName(found[1], ChildStage(found[2]))
