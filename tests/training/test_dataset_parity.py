import gzip
import json
from types import SimpleNamespace
from typing import Any

import pytest
import trl
from datasets import Dataset, disable_progress_bars
from transformers import PreTrainedTokenizerFast

from pairs import chat_rows, hh_rlhf, pairs_of, text_rows, tokenizer
from preference_api.v1alpha1.dataset import Overlong
from preference_trainer.dataset.pairs import Pair
from preference_trainer.dataset.tokens import encode


def published_rows() -> list[dict[str, Any]]:
    with gzip.open(hh_rlhf(), "rt", encoding="utf-8") as file:
        return [json.loads(line) for _number, line in zip(range(150), file, strict=False)]


def by_trl(pairs: list[Pair], words: PreTrainedTokenizerFast) -> list[dict[str, list[int]]]:
    """Rows as TRL's own preparation makes them of the same pairs."""
    disable_progress_bars()
    columns = ("prompt", "chosen", "rejected")
    rows = Dataset.from_list([{name: getattr(pair, name) for name in columns} for pair in pairs])
    trainer = trl.DPOTrainer.__new__(trl.DPOTrainer)
    trainer._tokenizer = words
    options = SimpleNamespace(dataset_num_proc=None, max_length=None, truncation_mode="keep_start")
    made = trainer._prepare_dataset(rows, words, options, "train")
    return list(made.select_columns(["prompt_ids", "chosen_ids", "rejected_ids"]))


@pytest.mark.parametrize("start", [False, True], ids=["bare", "with <s>"])
@pytest.mark.parametrize(
    ("rows", "chat"),
    [
        pytest.param(published_rows, False, id="published dialogues as text"),
        pytest.param(published_rows, True, id="published dialogues as messages"),
        pytest.param(lambda: text_rows(60), False, id="text"),
        pytest.param(lambda: text_rows(60), True, id="text for a model with a template"),
        pytest.param(lambda: chat_rows(60), True, id="conversations"),
        pytest.param(lambda: [*text_rows(3, seed=1), odd_row()], False, id="odd characters"),
    ],
)
def test_ids_are_those_of_trl(rows: Any, start: bool, chat: bool) -> None:
    pairs = pairs_of(rows(), chat=chat)
    words = tokenizer(chat=chat, start=start)
    encoded = encode(pairs, words, max_length=100_000, overlong=Overlong.DROP)
    assert encoded.rows == by_trl(pairs, words)
    assert encoded.kept == list(range(len(pairs)))


def odd_row() -> dict[str, Any]:
    text = "Ünïcode 中文 \u200d🙂  two  spaces\t\r\n<|im_start|> </s>"
    return {"prompt": f"{text} a b", "chosen": f"b {text}", "rejected": """ "x" """}


def test_a_prompt_that_reads_otherwise_alone_is_counted_and_cut_as_trl_does() -> None:
    words = tokenizer(chat=True)
    words.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|><think></think>{% endif %}"
    )
    pairs = pairs_of(chat_rows(5), chat=True)
    encoded = encode(pairs, words, max_length=100_000, overlong=Overlong.DROP)
    assert encoded.counts.prompt_differs == 5
    assert encoded.rows == by_trl(pairs, words)
