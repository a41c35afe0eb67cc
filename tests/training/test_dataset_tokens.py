import json
from typing import Any

import pytest
from tokenizers import Tokenizer as RawTokenizer
from transformers import PreTrainedTokenizerFast

from pairs import (
    assistant,
    dialogue_rows,
    pairs_of,
    tokenizer,
    user,
)
from preference_api.v1alpha1.dataset import Overlong
from preference_trainer.dataset.pairs import Demonstration, Pair, chosen_demonstration
from preference_trainer.dataset.tokens import Encoded, encode, encode_demonstrations
from preference_trainer.errors import ConfigurationError, DataError

ROOMY = {"max_length": 100_000, "overlong": Overlong.DROP}
END, IM_END = 1, 4


def one(prompt: Any, chosen: Any, rejected: Any, words: PreTrainedTokenizerFast) -> Encoded:
    return encode([Pair(prompt=prompt, chosen=chosen, rejected=rejected)], words, **ROOMY)


@pytest.mark.parametrize("ending", ["", "</s>", "</s></s>"])
def test_a_text_ends_once(ending: str) -> None:
    (row,) = one("a", f" b{ending}", " c", tokenizer()).rows
    assert [row["chosen_ids"].count(END), row["rejected_ids"].count(END)] == [1, 1]
    assert row["chosen_ids"][-1] == END
    assert END not in row["prompt_ids"]


@pytest.mark.parametrize("prompt", ["a", "<s>a", "<s>a cat and a bird"])
def test_a_text_starts_once(prompt: str) -> None:
    (row,) = one(prompt, " b", " c", tokenizer(start=True)).rows
    assert row["prompt_ids"].count(2) == 1
    assert row["prompt_ids"][0] == 2


def test_a_tokenizer_that_ends_texts_itself_ends_them_once() -> None:
    words = tokenizer()
    from tokenizers.processors import TemplateProcessing

    words.backend_tokenizer.post_processor = TemplateProcessing(
        "<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 1)]
    )
    (row,) = one("a", " b", " c", words).rows
    assert row["prompt_ids"] == [2, *words("a", add_special_tokens=False)["input_ids"]]
    assert row["chosen_ids"].count(END) == 1


@pytest.mark.parametrize(
    ("template", "no_end"),
    [
        ("{{ m['content'] }}<|im_end|>\n", 0),
        ("{{ m['content'] }}</s>", 0),
        ("{{ m['content'] }}\n", 1),
        ("<|im_start|>{{ m['content'] }}", 1),
        ("{{ m['content'] }}<s>", 1),
    ],
)
def test_answers_without_an_end_are_counted(template: str, no_end: int) -> None:
    words = tokenizer(chat=True)
    words.chat_template = "{% for m in messages %}" + template + "{% endfor %}"
    encoded = one([user("a")], [assistant("b")], [assistant("c")], words)
    assert encoded.counts.no_end == no_end


def test_an_added_token_may_lie_beyond_a_gap_in_the_ids() -> None:
    words = with_gap(tokenizer(), "<far>", 1000)
    (row,) = one("a", " b<far>", " c", words).rows
    assert len(words) < 1000
    assert 1000 in row["chosen_ids"]


def with_gap(words: PreTrainedTokenizerFast, token: str, number: int) -> PreTrainedTokenizerFast:
    """The tokenizer with a token of its vocabulary that lies beyond all others."""
    told = json.loads(words.backend_tokenizer.to_str())
    told["model"]["vocab"][token] = number
    added = {"id": number, "content": token, "special": True, "normalized": False}
    flags = {"single_word": False, "lstrip": False, "rstrip": False}
    told["added_tokens"].append(added | flags)
    return PreTrainedTokenizerFast(
        tokenizer_object=RawTokenizer.from_str(json.dumps(told)),
        eos_token=words.eos_token,
        pad_token=words.pad_token,
    )


def long_pair(prompt: int, chosen: int, rejected: int) -> Pair:
    """A pair of so many tokens: every letter is one, the end token of each answer included."""
    return Pair(
        prompt="z" * prompt, chosen="q" * (chosen - 1), rejected="x" * (rejected - 1),
        source="pairs.jsonl", row=prompt,
    )  # fmt: skip


LENGTHS = [(4, 4, 2), (4, 5, 2), (4, 2, 9), (8, 2, 3), (9, 2, 3), (3, 3, 3)]


@pytest.mark.parametrize(
    ("overlong", "kept", "lengths"),
    [
        (Overlong.DROP, [0, 5], [(4, 2), (3, 3)]),
        (Overlong.CUT, [0, 1, 2, 5], [(4, 2), (4, 2), (2, 4), (3, 3)]),
    ],
)
def test_pairs_over_the_limit(
    overlong: Overlong, kept: list[int], lengths: list[tuple[int, int]]
) -> None:
    pairs = [long_pair(*lengths) for lengths in LENGTHS]
    encoded = encode(pairs, tokenizer(), max_length=8, overlong=overlong)
    assert encoded.kept == kept
    found = [(len(row["chosen_ids"]), len(row["rejected_ids"])) for row in encoded.rows]
    assert found == lengths
    counts = encoded.counts
    assert (counts.over, counts.dropped, counts.cut) == (4, 6 - len(kept), len(kept) - 2)
    assert counts.longest_kept == 8


def test_lost_tokens_are_counted() -> None:
    pairs = [long_pair(*lengths) for lengths in LENGTHS]
    dropped = encode(pairs, tokenizer(), max_length=8, overlong=Overlong.DROP).counts
    assert dropped.tokens_lost == 11 + 15 + 13 + 14
    cut = encode(pairs, tokenizer(), max_length=8, overlong=Overlong.CUT).counts
    assert cut.tokens_lost == 1 + 5 + 13 + 14


def test_a_cut_that_leaves_two_equal_answers_leaves_nothing() -> None:
    pair = Pair(prompt="zz", chosen="qqqqqqqqx", rejected="qqqqqqqqz")
    assert encode([pair], tokenizer(), max_length=8, overlong=Overlong.CUT).rows == []


def test_fail_names_rows_and_the_length_that_fits() -> None:
    pairs = [long_pair(*lengths) for lengths in LENGTHS]
    with pytest.raises(DataError) as caught:
        encode(pairs, tokenizer(), max_length=8, overlong=Overlong.FAIL)
    assert "4 of 6 rows are longer: pairs.jsonl, row 4; pairs.jsonl, row 4" in caught.value.message
    assert "Raise spec.dataset.maxLength (13 fits all" in caught.value.remedy


def test_conversations_need_a_template() -> None:
    pair = Pair(prompt=[user("a")], chosen=[assistant("b")], rejected=[assistant("c")],
                source="pairs.jsonl", row=3)  # fmt: skip
    with pytest.raises(
        ConfigurationError, match=r"pairs\.jsonl, row 3 is a conversation"
    ) as caught:
        encode([pair], tokenizer(), **ROOMY)
    assert "spec.model.chatTemplate" in caught.value.remedy


@pytest.mark.parametrize(
    ("template", "error", "message"),
    [
        (
            "{{ raise_exception('roles must alternate') }}",
            DataError,
            "pairs.jsonl, row 3: the chat template refuses the conversation: roles must alternate",
        ),
        ("{{ messages[0].text.length }}", DataError, "pairs.jsonl, row 3"),
        ("a\n{% if %}", ConfigurationError, "spec.model.chatTemplate, line 2"),
    ],
)
def test_templates_that_fail(template: str, error: type, message: str) -> None:
    words = tokenizer(chat=True)
    words.chat_template = template
    pair = Pair(prompt=[user("a")], chosen=[assistant("b")], rejected=[assistant("c")],
                source="pairs.jsonl", row=3)  # fmt: skip
    with pytest.raises(error) as caught:
        encode([pair], words, **ROOMY)
    assert message in caught.value.message


def test_tools_are_written_by_the_template() -> None:
    words = tokenizer(chat=True)
    words.chat_template = "{{ tools | tojson }}{{ messages[-1].content }}"
    pair = Pair(prompt=[user("a")], chosen=[assistant("b")], rejected=[assistant("c")],
                tools=[{"zebra": 1, "apple": 2}])  # fmt: skip
    (row,) = encode([pair], words, **ROOMY).rows
    assert words.decode(row["prompt_ids"] + row["chosen_ids"]) == '[{"zebra": 1, "apple": 2}]b'


@pytest.mark.parametrize("chat", [False, True])
def test_chosen_answers_as_demonstrations(chat: bool) -> None:
    pairs = pairs_of(dialogue_rows(20), chat=chat)
    words = tokenizer(chat=chat)
    shown = encode_demonstrations(map(chosen_demonstration, pairs), words, **ROOMY)
    rows = encode(pairs, words, **ROOMY).rows
    expected = [{"prompt_ids": r["prompt_ids"], "completion_ids": r["chosen_ids"]} for r in rows]
    assert shown.rows == expected


def test_an_empty_dataset_has_no_rows() -> None:
    assert encode([], tokenizer(), **ROOMY).rows == []
    assert encode_demonstrations([], tokenizer(), **ROOMY).counts.longest.p100 == 0


def test_percentiles_are_lengths_that_occur() -> None:
    shown = [Demonstration(prompt="z" * n, completion="q") for n in range(1, 101)]
    counts = encode_demonstrations(shown, tokenizer(), **ROOMY).counts
    assert counts.prompt.model_dump() == {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "p100": 100}
    assert counts.max_length_for_99_percent == 101
    assert counts.answers.p100 == 2
