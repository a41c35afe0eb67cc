"""What becomes of examples over maxLength, and the lengths of all of them."""

import math
from array import array
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.dataset import Overlong
from preference_trainer.dataset.sequences import Tokens

_SHARES = (50, 90, 95, 99, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Most tokens of a prompt and an answer together, and what becomes of what is longer."""

    max_length: int
    overlong: Overlong


class Percentiles(ApiModel):
    """Numbers of tokens that so many percent of the examples do not exceed."""

    p50: int = Field(ge=0, description="Median.")
    p90: int = Field(ge=0, description="90 %.")
    p95: int = Field(ge=0, description="95 %.")
    p99: int = Field(ge=0, description="99 %.")
    p100: int = Field(ge=0, description="The longest.")


class TokenCounts(ApiModel):
    """What the tokens of a dataset show, before maxLength is applied unless said otherwise."""

    examples: int = Field(ge=0, description="Pairs or demonstrations.")
    prompt: Percentiles = Field(description="Lengths of the prompts.")
    answers: Percentiles = Field(description="Lengths of the answers.")
    longest: Percentiles = Field(description="Lengths of a prompt with its longest answer.")
    max_length_for_99_percent: int = Field(
        ge=0, description="The maxLength that 99 of 100 examples fit in."
    )
    over: int = Field(ge=0, description="Examples over maxLength.")
    dropped: int = Field(ge=0, description="Of these, those left out.")
    cut: int = Field(ge=0, description="Of these, those whose answers lost their end.")
    tokens_lost: int = Field(ge=0, description="Tokens that are cut or belong to those left out.")
    longest_kept: int = Field(ge=0, description="Longest sequence that is left.")
    largest_token: int = Field(ge=0, description="Largest token id.")
    prompt_differs: int = Field(
        ge=0, description="Examples whose prompt alone gives other tokens than before its answers."
    )
    no_end: int = Field(ge=0, description="Examples with an answer that lacks an end token.")


def fit(tokens: Tokens, limit: Limit) -> Tokens | None:
    """The example within the limit, or None where it is left out.

    A cut that leaves no token of an answer, or two equal answers, leaves nothing to learn.
    """
    if tokens.longest <= limit.max_length:
        return tokens
    room = limit.max_length - len(tokens.prompt)
    if limit.overlong is not Overlong.CUT or room <= 0:
        return None
    answers = tuple(answer[:room] for answer in tokens.answers)
    if len(answers) > 1 and all(answer == answers[0] for answer in answers):
        return None
    return replace(tokens, answers=answers)


class TokenCounter:
    """Counts examples as they pass."""

    def __init__(self) -> None:
        self._prompt, self._longest = array("I"), array("I")
        self._answers = array("I")
        self._over = self._dropped = self._tokens_lost = self._longest_kept = 0
        self._differs = self._no_end = self._largest = 0

    def add(self, tokens: Tokens, fitted: Tokens | None) -> None:
        """Count an example: as it is, and as `fit` left it."""
        self._prompt.append(len(tokens.prompt))
        self._answers.extend(map(len, tokens.answers))
        self._longest.append(tokens.longest)
        self._over += fitted is not tokens
        self._dropped += fitted is None
        self._tokens_lost += _size(tokens) - (_size(fitted) if fitted else 0)
        self._longest_kept = max(self._longest_kept, fitted.longest if fitted else 0)
        self._differs += not tokens.whole_prompt
        self._no_end += not tokens.ended
        self._largest = max(
            self._largest, *map(max, filter(None, (tokens.prompt, *tokens.answers)))
        )

    def counts(self) -> TokenCounts:
        """What was counted so far."""
        longest = _percentiles(self._longest)
        return TokenCounts(
            examples=len(self._prompt),
            prompt=_percentiles(self._prompt),
            answers=_percentiles(self._answers),
            longest=longest,
            max_length_for_99_percent=longest.p99,
            over=self._over,
            dropped=self._dropped,
            cut=self._over - self._dropped,
            tokens_lost=self._tokens_lost,
            longest_kept=self._longest_kept,
            largest_token=self._largest,
            prompt_differs=self._differs,
            no_end=self._no_end,
        )


def _size(tokens: Tokens) -> int:
    return len(tokens.prompt) + sum(map(len, tokens.answers))


def _percentiles(lengths: "array[int]") -> Percentiles:
    if not lengths:
        return Percentiles(p50=0, p90=0, p95=0, p99=0, p100=0)
    values = np.percentile(np.frombuffer(lengths, np.uint32), _SHARES, method="inverted_cdf")
    return Percentiles(
        **{f"p{share}": math.ceil(v) for share, v in zip(_SHARES, values, strict=True)}
    )
