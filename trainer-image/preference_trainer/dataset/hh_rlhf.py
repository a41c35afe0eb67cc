r"""The raw form of Anthropic's HH-RLHF: two whole dialogues, each as one string.

A dialogue is a sequence of `\n\nHuman:` and `\n\nAssistant:` turns, and both dialogues of a row
share everything up to their last assistant turn (https://github.com/anthropics/hh-rlhf). Only
these markers separate turns: `Human:` in the middle of a paragraph is part of the text.
"""

import re
from typing import Any, NamedTuple

from preference_trainer.dataset.pairs import Fault, Message

HUMAN = "\n\nHuman:"
ASSISTANT = "\n\nAssistant:"
_TURN = re.compile(r"\n\n(Human|Assistant):")
_ROLES = {"Human": "user", "Assistant": "assistant"}


class Dialogue(NamedTuple):
    """A row split at the last assistant turn; prompt + answer is the published string."""

    prompt: str
    chosen: str
    rejected: str


def looks_like_dialogue(text: Any) -> bool:
    """True for a string that begins with a human turn and has an assistant turn."""
    return isinstance(text, str) and text.startswith(HUMAN) and ASSISTANT in text


def split_dialogues(chosen: str, rejected: str) -> Dialogue | Fault:
    """Split two dialogues at their last assistant turn, or say why that cannot be done.

    The heads have to be equal: the longest common beginning would take the first characters of
    the answers with it wherever both begin alike.
    """
    head, mark, preferred = chosen.rpartition(ASSISTANT)
    other_head, other_mark, other = rejected.rpartition(ASSISTANT)
    if not mark or not other_mark:
        return Fault.NO_ASSISTANT_TURN
    if head != other_head:
        return Fault.DIVERGED
    if not _alternates(head) or HUMAN in preferred or HUMAN in other:
        return Fault.NOT_ALTERNATING
    return Dialogue(head + ASSISTANT, preferred, other)


def to_messages(prompt: str) -> list[Message]:
    """The turns of a split dialogue's prompt as messages, without the open assistant turn."""
    parts = _TURN.split(prompt.removesuffix(ASSISTANT))
    return [
        {"role": _ROLES[role], "content": text.strip()}
        for role, text in zip(parts[1::2], parts[2::2], strict=True)
    ]


def _alternates(head: str) -> bool:
    """True for Human, Assistant, ..., Human with nothing before the first turn."""
    before, *turns = _TURN.split(head)
    roles = turns[0::2]
    expected = ["Human", "Assistant"] * (len(roles) // 2) + ["Human"]
    return not before and roles == expected
