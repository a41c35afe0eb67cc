"""Pairs and demonstrations as the rows of token ids that training reads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from preference_api.v1alpha1.dataset import Overlong
from preference_trainer.dataset.lengths import Limit, TokenCounter, TokenCounts, fit
from preference_trainer.dataset.pairs import Demonstration, Pair
from preference_trainer.dataset.sequences import Example, Tokens, Writer
from preference_trainer.errors import DataError
from preference_trainer.model.tokenizer import Tokenizer

BATCH = 512
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows of token ids.

    Args:
        rows: `prompt_ids` with `chosen_ids` and `rejected_ids` of a pair, or with
            `completion_ids` of a demonstration.
        kept: Index of each row among the examples given.
        counts: What became of the others.
    """

    rows: list[dict[str, list[int]]]
    kept: list[int]
    counts: TokenCounts


def encode(
    pairs: Iterable[Pair], tokenizer: Tokenizer, *, max_length: int, overlong: Overlong
) -> Encoded:
    """Token ids of pairs.

    Args:
        pairs: The pairs.
        tokenizer: The model's tokenizer.
        max_length: Most tokens of a prompt and an answer together.
        overlong: What becomes of pairs over it.

    Raises:
        ConfigurationError: Conversations without a chat template.
        DataError: The template refuses a pair, or one is too long where `overlong` is Fail.
    """
    limit = Limit(max_length=max_length, overlong=overlong)
    names = ("chosen_ids", "rejected_ids")
    return _encode(map(Example.of_pair, pairs), tokenizer, limit, names)


def encode_demonstrations(
    demonstrations: Iterable[Demonstration],
    tokenizer: Tokenizer,
    *,
    max_length: int,
    overlong: Overlong,
) -> Encoded:
    """Token ids of demonstrations; everything else as `encode` does it."""
    limit = Limit(max_length=max_length, overlong=overlong)
    examples = map(Example.of_demonstration, demonstrations)
    return _encode(examples, tokenizer, limit, ("completion_ids",))


def fitted(
    examples: Iterable[Example], writer: Writer, limit: Limit, counter: TokenCounter
) -> Iterator[tuple[Example, Tokens | None]]:
    """Each example with its token ids within the limit, None where it is left out; all counted."""
    passing = iter(examples)
    while batch := list(islice(passing, BATCH)):
        for example, tokens in zip(batch, writer.write(batch), strict=True):
            kept = fit(tokens, limit)
            counter.add(tokens, kept)
            yield example, kept


def refuse_overlong(places: Sequence[str], limit: Limit, counts: TokenCounts) -> None:
    """Refuse examples over the limit where the spec says so.

    Args:
        places: Files and rows of the first of them.
        limit: The limit.
        counts: The counts.

    Raises:
        DataError: `overlong` is Fail and there are some.
    """
    if limit.overlong is not Overlong.FAIL or not counts.over:
        return
    raise DataError(
        f"spec.dataset.maxLength is {limit.max_length} tokens, and {counts.over} of "
        f"{counts.examples} rows are longer: {'; '.join(places[:_SHOWN])}",
        remedy=f"Raise spec.dataset.maxLength ({counts.longest.p100} fits all, "
        f"{counts.max_length_for_99_percent} fits 99 %), or set spec.dataset.overlong to Drop or "
        "Cut.",
        reason="Overlong",
    )


def _encode(
    examples: Iterable[Example], tokenizer: Tokenizer, limit: Limit, names: Sequence[str]
) -> Encoded:
    counter, shared = TokenCounter(), _ids(tokenizer)
    rows: list[dict[str, list[int]]] = []
    kept: list[int] = []
    left_out: list[str] = []
    passing = fitted(examples, Writer(tokenizer), limit, counter)
    for index, (example, tokens) in enumerate(passing):
        if tokens is None:
            left_out.append(example.place)
        else:
            kept.append(index)
            rows.append(_row(tokens, names, shared))
    counts = counter.counts()
    refuse_overlong(left_out, limit, counts)
    return Encoded(rows, kept, counts)


def _ids(tokenizer: Tokenizer) -> list[int]:
    """Every id up to the highest, which added tokens may put beyond their count."""
    return list(range(max(tokenizer.get_vocab().values(), default=-1) + 1))


def _row(tokens: Tokens, names: Sequence[str], shared: list[int]) -> dict[str, list[int]]:
    """A row whose numbers are shared objects: eight bytes a token in place of forty."""
    columns = zip(("prompt_ids", *names), (tokens.prompt, *tokens.answers), strict=True)
    return {name: [shared[token] for token in ids] for name, ids in columns}
