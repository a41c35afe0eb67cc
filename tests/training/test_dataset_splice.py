import json
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from pairs import SPECIAL, dialogue_rows, sentence
from preference_trainer.dataset.splice import Cut, Splicer

LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def trained(raw: Tokenizer, trainer: object) -> PreTrainedTokenizerFast:
    draw = random.Random(3)
    texts = [sentence(draw) for _ in range(300)]
    spaced = [text.replace(" ", "  ") for text in texts]
    raw.train_from_iterator(texts + spaced, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>")


def bpe(**parts: object) -> PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE(unk_token="<pad>"))
    for name, part in parts.items():
        setattr(raw, name, part)
    alphabet = sorted({*pre_tokenizers.ByteLevel.alphabet(), *map(chr, range(32, 127)), "▁"})
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    return trained(raw, trainer)


def unigram() -> PreTrainedTokenizerFast:
    raw = Tokenizer(models.Unigram())
    raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.UnigramTrainer(
        vocab_size=120, special_tokens=[*SPECIAL, "<unk>"], unk_token="<unk>", show_progress=False
    )
    return trained(raw, trainer)


def llama_2() -> PreTrainedTokenizerFast:
    """Pieces never hold a word mark behind a letter, and nothing splits the text beforehand."""
    parts = [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    words = pre_tokenizers.Split(Regex("▁+[^▁]*"), behavior="isolated")
    taught = bpe(normalizer=normalizers.Sequence(parts), pre_tokenizer=words)
    state = json.loads(taught.backend_tokenizer.to_str())
    raw = Tokenizer.from_str(json.dumps({**state, "pre_tokenizer": None}))
    return PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>")


def split_by(pattern: str) -> pre_tokenizers.PreTokenizer:
    split = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([split, level])


TOKENIZERS = {
    "GPT-2": lambda: bpe(pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "space in front": lambda: bpe(pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "Llama 3": lambda: bpe(pre_tokenizer=split_by(LLAMA_3)),
    "Llama 2": llama_2,
    "Metaspace, first": lambda: bpe(pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="first")),
    "Unigram": unigram,
    "words": lambda: bpe(pre_tokenizer=pre_tokenizers.BertPreTokenizer()),
    "across words": lambda: bpe(),
}
CUTS = {"Llama 2": Cut.WITHOUT_SPACE, "across words": Cut.NOWHERE}


@pytest.fixture(scope="module", params=TOKENIZERS)
def named(request: pytest.FixtureRequest) -> tuple[str, PreTrainedTokenizerFast]:
    make: Callable[[], PreTrainedTokenizerFast] = TOKENIZERS[request.param]
    return request.param, make()


def groups() -> list[list[str]]:
    rows = dialogue_rows(100)
    heads = [row["chosen"].rpartition("\n\nAssistant:")[0] + "\n\nAssistant:" for row in rows]
    return [[head, row["chosen"], row["rejected"]] for head, row in zip(heads, rows, strict=True)]


def whole(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> list[list[int]]:
    ids: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    return ids


def test_pieces_give_the_ids_of_the_whole(named: tuple[str, PreTrainedTokenizerFast]) -> None:
    name, tokenizer = named
    splicer = Splicer(tokenizer, groups())
    assert splicer.cut is CUTS.get(name, Cut.WITH_SPACE)
    for group, spliced in zip(groups(), splicer.ids(groups()), strict=True):
        found = [spliced.head + tail for tail in spliced.tails]
        assert found == whole(tokenizer, group)
        assert bool(spliced.head) is (splicer.cut is not Cut.NOWHERE)


TEXT = st.text(st.sampled_from("ab Z9.'é\n\t中<|>"), max_size=40)


@settings(max_examples=60, deadline=None)
@given(prompt=TEXT, answers=st.tuples(TEXT, TEXT))
def test_any_text(
    named: tuple[str, PreTrainedTokenizerFast], prompt: str, answers: tuple[str, str]
) -> None:
    _name, tokenizer = named
    group = [prompt, *(prompt + answer for answer in answers)]
    (spliced,) = Splicer(tokenizer, groups()).ids([group])
    assert [spliced.head + tail for tail in spliced.tails] == whole(tokenizer, group)


@pytest.mark.parametrize("prompt", ["the cat.  a bird", "the  cat", "9 cats  see 9 birds\n a"])
def test_spaces_that_stand_together(
    named: tuple[str, PreTrainedTokenizerFast], prompt: str
) -> None:
    _name, tokenizer = named
    group = [prompt, f"{prompt}  sees", f"{prompt} and"]
    (spliced,) = Splicer(tokenizer, groups()).ids([group])
    assert [spliced.head + tail for tail in spliced.tails] == whole(tokenizer, group)


def test_texts_that_do_not_begin_alike_are_not_cut() -> None:
    tokenizer = TOKENIZERS["GPT-2"]()
    group = ["the cat sees", "the cat sleeps well", "the cat sees a bird"]
    (spliced,) = Splicer(tokenizer, groups()).ids([group])
    assert spliced.head == []
    assert spliced.tails == whole(tokenizer, group)


def test_stored_truncation_cuts_nothing() -> None:
    tokenizer = TOKENIZERS["GPT-2"]()
    expected = whole(tokenizer, groups()[0])
    tokenizer.backend_tokenizer.enable_truncation(4)
    (spliced,) = Splicer(tokenizer, groups()[:1]).ids(groups()[:1])
    assert [spliced.head + tail for tail in spliced.tails] == expected
