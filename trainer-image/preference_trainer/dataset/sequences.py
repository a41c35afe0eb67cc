"""Prompts and answers as token ids, the same ids that TRL's DPOTrainer makes of a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from preference_trainer.dataset.pairs import Content, Demonstration, Message, Pair
from preference_trainer.dataset.splice import Ids, Spliced, Splicer
from preference_trainer.errors import ConfigurationError, DataError
from preference_trainer.model.tokenizer import Tokenizer, has_chat_template

_TAIL = 4


class Example(NamedTuple):
    """A prompt and one or more answers to it, all of the same kind."""

    prompt: Content
    answers: tuple[Content, ...]
    tools: list[Any] | None
    place: str

    @classmethod
    def of_pair(cls, pair: Pair) -> "Example":
        """Prompt, chosen and rejected answer."""
        answers = (pair.chosen, pair.rejected)
        return cls(pair.prompt, answers, pair.tools, f"{pair.source}, row {pair.row}")

    @classmethod
    def of_demonstration(cls, shown: Demonstration) -> "Example":
        """Prompt and answer."""
        place = f"{shown.source}, row {shown.row}"
        return cls(shown.prompt, (shown.completion,), shown.tools, place)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids of a prompt and of each answer, which follows the prompt.

    Args:
        prompt: Ids of the prompt, as far as all sequences share them.
        answers: Ids of each answer with its end token.
        whole_prompt: False where the prompt alone gives other ids than in front of its answers, so
            that the model meets another context in training than in use.
        ended: False where an answer lacks an end token.
    """

    prompt: list[int]
    answers: tuple[list[int], ...]
    whole_prompt: bool
    ended: bool

    @property
    def longest(self) -> int:
        """Tokens of the prompt with its longest answer."""
        return len(self.prompt) + max(map(len, self.answers))


class Writer:
    """Writes examples as token ids (TRL 1.16, DPOTrainer._prepare_dataset).

    A text gets the tokens that the tokenizer begins a sequence with and, where it lacks it, the
    end-of-sequence token; a conversation is written by the chat template, the prompt with the
    opening of the next assistant turn. A doubled token at the start or the end is written once.

    Args:
        tokenizer: The model's tokenizer.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._end = tokenizer.eos_token_id
        self._opening = _opening(tokenizer)
        self._ends = _end_tokens(tokenizer)
        self._blank: dict[int, bool] = {}
        self._splicer: Splicer | None = None

    def write(self, examples: Sequence[Example]) -> list[Tokens]:
        """Token ids of each example.

        Raises:
            ConfigurationError: Conversations without a chat template, or the template is broken.
            DataError: The template refuses a conversation; names the row.
        """
        texts = [self._texts(example) for example in examples]
        if self._splicer is None:
            self._splicer = Splicer(self._tokenizer, texts)
        written = zip(examples, self._splicer.ids(texts), strict=True)
        return [
            self._tokens(spliced, [] if isinstance(example.prompt, list) else self._opening)
            for example, spliced in written
        ]

    def _texts(self, example: Example) -> list[str]:
        """The prompt alone, then the prompt with each answer."""
        if isinstance(example.prompt, str):
            prompt, end = example.prompt, self._tokenizer.eos_token
            ended = (str(text).removesuffix(end) + end for text in example.answers)
            return [prompt, *(prompt + text for text in ended)]
        if not has_chat_template(self._tokenizer):
            raise _no_template(example.place)
        answers = cast("tuple[list[Message], ...]", example.answers)
        wholes = (example.prompt + answer for answer in answers)
        opened = self._render(example.prompt, example, opened=True)
        return [opened, *(self._render(whole, example, opened=False) for whole in wholes)]

    def _render(self, messages: list[Message], example: Example, *, opened: bool) -> str:
        import jinja2

        try:
            text: str = self._tokenizer.apply_chat_template(
                messages, tools=example.tools, add_generation_prompt=opened, tokenize=False
            )
        except jinja2.TemplateSyntaxError as error:
            raise ConfigurationError(
                f"spec.model.chatTemplate, line {error.lineno}: {error.message}",
                remedy="Correct the template.",
                reason="BadChatTemplate",
            ) from error
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise DataError(
                f"{example.place}: the chat template refuses the conversation: {error}",
                remedy="Correct the row, or set spec.model.chatTemplate to one that takes it.",
                reason="ChatTemplateRefused",
            ) from error
        return text

    def _tokens(self, spliced: Spliced, opening: Ids) -> Tokens:
        alone, *tails = spliced.tails
        doubled = opening[-1:] == (spliced.head or alone)[:1]
        head = (opening[:-1] if doubled else opening) + spliced.head
        shared = min(_common_length(alone, tail) for tail in tails)
        answers = tuple(self._one_end(tail)[shared:] for tail in tails)
        return Tokens(
            prompt=head + alone[:shared],
            answers=answers,
            whole_prompt=shared == len(alone),
            ended=all(map(self._is_ended, answers)),
        )

    def _one_end(self, ids: Ids) -> Ids:
        return ids[:-1] if ids[-2:] == [self._end, self._end] else ids

    def _is_ended(self, answer: Ids) -> bool:
        """True where nothing but white space follows the last end token, as in ChatML."""
        for token in reversed(answer[-_TAIL:]):
            if token in self._ends or not self._is_blank(token):
                return token in self._ends
        return False

    def _is_blank(self, token: int) -> bool:
        if token not in self._blank:
            self._blank[token] = not self._tokenizer.decode([token]).strip()
        return self._blank[token]


def _opening(tokenizer: Tokenizer) -> Ids:
    """The tokens that the tokenizer puts before every text; those behind it are written as text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole: Ids = tokenizer("a")["input_ids"]
    starts = (i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
    return whole[: next(starts, 0)]


def _end_tokens(tokenizer: Tokenizer) -> set[int]:
    """Special tokens that may end an answer: any but those that start or stand for something."""
    special = {index for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    return special - {tokenizer.bos_token_id, tokenizer.unk_token_id} | {tokenizer.eos_token_id}


def _common_length(ids: list[int], other: list[int]) -> int:
    if other[: len(ids)] == ids:
        return len(ids)
    matches = (one == two for one, two in zip(ids, other, strict=False))
    return next((i for i, match in enumerate(matches) if not match), len(other))


def _no_template(place: str) -> ConfigurationError:
    return ConfigurationError(
        f"spec.model.uri: the tokenizer has no chat template, and {place} is a conversation",
        remedy="Set spec.model.chatTemplate, or start from a model that was tuned for chat.",
        reason="NoChatTemplate",
    )
