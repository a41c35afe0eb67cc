"""Tokenising texts that begin alike without tokenising their beginning again and again.

A prompt stands alone, before the chosen and before the rejected answer. Tokenizers work word by
word, so that the ids of a text are those of its head followed by those of its tail wherever it is
cut between two words: pre-tokenizers by regular expression begin a match at the space (they look
ahead, never back), and SentencePiece knows no piece with its word mark inside. Whether a tokenizer
keeps to that is tried on the first texts; where it does not, every text is tokenised whole.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from preference_trainer.model.tokenizer import Tokenizer

Ids = list[int]
TRIED = 64
"""Groups of texts that a way of cutting is tried on."""


class Cut(Enum):
    """How texts are cut: the space between two words goes with the tail, is left out, or not."""

    WITH_SPACE = "with space"
    WITHOUT_SPACE = "without space"
    NOWHERE = "nowhere"


class Spliced(NamedTuple):
    """Ids of texts that begin alike: `head` followed by one of the tails."""

    head: Ids
    tails: list[Ids]


class Splicer:
    """Tokenises groups of texts, without special tokens at their ends.

    Args:
        tokenizer: The tokenizer; stored truncation and padding of it are switched off.
        groups: Groups that ways of cutting are tried on.
    """

    def __init__(self, tokenizer: Tokenizer, groups: Sequence[Sequence[str]]) -> None:
        self._backend = tokenizer.backend_tokenizer
        self._backend.no_truncation()
        self._backend.no_padding()
        tried = groups[:TRIED]
        whole = _joined(self._spliced(tried, Cut.NOWHERE))
        self.cut = next(cut for cut in Cut if _joined(self._spliced(tried, cut)) == whole)

    def ids(self, groups: Sequence[Sequence[str]]) -> list[Spliced]:
        """Ids of each group of texts, the first of which the others should begin with."""
        return self._spliced(groups, self.cut)

    def _spliced(self, groups: Sequence[Sequence[str]], cut: Cut) -> list[Spliced]:
        pieces = [_pieces(group, cut) for group in groups]
        flat = [piece for group in pieces for piece in group]
        encoded = self._backend.encode_batch_fast(flat, add_special_tokens=False)
        ids = iter([encoding.ids for encoding in encoded])
        return [Spliced(next(ids), [next(ids) for _tail in group[1:]]) for group in pieces]


def _pieces(group: Sequence[str], cut: Cut) -> list[str]:
    """The head of a group of texts, then the tail of each."""
    first, *others = group
    shared = cut is not Cut.NOWHERE and all(text.startswith(first) for text in others)
    at = _between_words(first) if shared else 0
    behind = at + 1 if at and cut is Cut.WITHOUT_SPACE else at
    return [first[:at], *(text[behind:] for text in group)]


def _between_words(text: str) -> int:
    """Position of the last space between a letter or digit and a letter, all ASCII; 0 for none."""
    at = text.rfind(" ")
    while at > 0:
        before, after = text[at - 1], text[at + 1 : at + 2]
        if before.isascii() and before.isalnum() and after.isascii() and after.isalpha():
            return at
        at = text.rfind(" ", 0, at)
    return 0


def _joined(groups: list[Spliced]) -> list[list[Ids]]:
    return [[group.head + tail for tail in group.tails] for group in groups]
