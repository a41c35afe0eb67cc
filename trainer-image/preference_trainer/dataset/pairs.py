"""What a row becomes: a pair of answers or a demonstration, and why a row may be left out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Message = dict[str, Any]
"""A chat message: `role`, `content`, and what a chat template may want besides."""
Content = str | list[Message]
"""Plain text, or the messages of a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One comparison: a prompt, the preferred answer and the other one.

    Args:
        prompt: What both answers answer.
        chosen: The preferred answer, of the same kind as the prompt.
        rejected: The other answer, of the same kind as the prompt.
        tools: JSON schemas of the tools of a conversation.
        source: URI of the file that the pair was read from.
        row: Its row there, counted from 1.
    """

    prompt: Content
    chosen: Content
    rejected: Content
    tools: list[Any] | None = None
    source: str = ""
    row: int = 0

    @property
    def conversational(self) -> bool:
        """True where prompt and answers are lists of messages."""
        return isinstance(self.prompt, list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """One example to imitate: a prompt and its answer, of the same kind."""

    prompt: Content
    completion: Content
    tools: list[Any] | None = None
    source: str = ""
    row: int = 0

    @property
    def conversational(self) -> bool:
        """True where prompt and answer are lists of messages."""
        return isinstance(self.prompt, list)


class Fault(StrEnum):
    """Why a row is left out."""

    EMPTY = "empty prompt or answer"
    IDENTICAL = "identical answers"
    NO_ASSISTANT_TURN = "no assistant turn"
    NOT_ALTERNATING = "turns do not alternate"
    DIVERGED = "prompts not shared"
    DUPLICATE = "duplicate"
    CONFLICTING = "conflicting preference"
    OVERLAP = "prompt is held out"
    OVERLONG = "over maxLength"


def is_blank(content: Content) -> bool:
    """True for text of white space, and for messages without text and without tool calls."""
    if isinstance(content, str):
        return not content.strip()
    return not any(m.get("tool_calls") or str(m.get("content", "")).strip() for m in content)


def chosen_demonstration(pair: Pair) -> Demonstration:
    """The preferred answer of a pair as something to imitate."""
    return Demonstration(
        prompt=pair.prompt,
        completion=pair.chosen,
        tools=pair.tools,
        source=pair.source,
        row=pair.row,
    )


def text_length(content: Content) -> int:
    """Characters of a text, or of the contents of messages."""
    if isinstance(content, str):
        return len(content)
    return sum(len(message.get("content", "")) for message in content)
