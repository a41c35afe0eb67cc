"""One thing that is wrong with a manifest."""

import json
import re
from dataclasses import dataclass
from typing import Any

from preference_api.walk import Loc, dotted

_SHOWN = 60
CREDENTIALS = re.compile(r"(?<=://)[^/\s]*:[^/\s]*@")


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a manifest is wrong, how, and the way out.

    Args:
        loc: The place, from the root of the document.
        message: What is wrong there.
        remedy: What to do about it; empty where the message says it all.
    """

    loc: Loc
    message: str
    remedy: str = ""

    @property
    def path(self) -> str:
        """The place as people write it: `spec.dpo.beta`."""
        return dotted(self.loc) or "manifest"

    def __str__(self) -> str:
        return "; ".join(filter(None, (f"{self.path}: {self.message}", self.remedy)))


def shown(value: Any) -> str:
    """A value as it stood in the manifest, shortened, credentials in a URI left out."""
    text = CREDENTIALS.sub("…@", value) if isinstance(value, str) else value
    text = json.dumps(text, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
