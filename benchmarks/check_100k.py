"""Time and memory of `preference-trainer check` on many pairs.

    python benchmarks/check_100k.py [--pairs 100000] [--chat]

Makes dialogues of HH-RLHF's form and lengths (about 126 tokens of prompt, 41 and 53 of answers)
from made-up words, a tokenizer of 8,000 tokens and a small model, runs the check on them as a
process and prints its seconds, the seconds of processor time and the peak of its resident memory.
"""

import argparse
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from preference_api.wire import RUN_VARIABLE, TERMINATION_VARIABLE

WORDS = 20_000
VOCABULARY = 8_000
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 8192,
}


class Talk:
    """Made-up dialogues whose words are as unequally frequent as those of a language."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        letters = "etaoinshrdlucmfwygpbvk"
        lengths = [self._draw.choice((2, 3, 3, 4, 4, 5, 6, 7, 8, 10)) for _ in range(WORDS)]
        self._words = ["".join(self._draw.choices(letters, k=length)) for length in lengths]
        self._weights = np.cumsum([1 / rank for rank in range(1, WORDS + 1)]).tolist()

    def text(self, mean: float) -> str:
        """Words with a comma or full stop here and there; the number of words is log-normal."""
        count = max(1, round(mean * self._draw.lognormvariate(-0.32, 0.8)))
        words = self._draw.choices(self._words, cum_weights=self._weights, k=count)
        marks = self._draw.choices(("", "", "", "", "", "", ",", "."), k=count)
        return " ".join(word + mark for word, mark in zip(words, marks, strict=True))

    def pairs(self, count: int) -> Iterator[dict[str, str]]:
        """Rows as HH-RLHF's: both dialogues share all turns but the last."""
        for _ in range(count):
            turns = self._draw.choice((1, 2, 2, 3))
            said = [f"\n\nHuman: {self.text(20)}\n\nAssistant:" for _ in range(turns)]
            head = "".join(f"{turn} {self.text(28)}" for turn in said[:-1]) + said[-1]
            yield {"chosen": f"{head} {self.text(31)}", "rejected": f"{head} {self.text(40)}"}


def write_model(folder: Path, talk: Talk, *, chat: bool) -> None:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator((row["chosen"] for row in talk.pairs(5_000)), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<|endoftext|>")
    tokenizer.chat_template = CHAT if chat else None
    tokenizer.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    weights = {"model.embed_tokens.weight": np.zeros((VOCABULARY, 64), np.float32)}
    save_file(weights, folder / "model.safetensors")


def write_pairs(path: Path, talk: Talk, count: int) -> None:
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=3) as file:
        file.writelines(json.dumps(row) + "\n" for row in talk.pairs(count))


def check(folder: Path) -> tuple[float, dict[str, Any]]:
    """Seconds and the report of a check."""
    spec = {
        "method": "DPO",
        "model": {"uri": (folder / "model").as_uri()},
        "dataset": {"uri": (folder / "pairs.jsonl.gz").as_uri()},
        "output": {"uri": (folder / "output").as_uri()},
    }
    document = json.dumps({"name": "benchmark", "spec": spec, "local": True})
    variables = {RUN_VARIABLE: document, TERMINATION_VARIABLE: str(folder / "termination.json")}
    start = time.perf_counter()
    command = [sys.executable, "-m", "preference_trainer", "check"]
    subprocess.run(command, env={**os.environ, **variables}, check=True)
    seconds = time.perf_counter() - start
    (report,) = (folder / "output").rglob("check-*.json")
    return seconds, json.loads(report.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--chat", action="store_true", help="with a chat template")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, talk = Path(name), Talk(seed=0)
        write_model(folder / "model", talk, chat=options.chat)
        write_pairs(folder / "pairs.jsonl.gz", talk, options.pairs)
        seconds, report = check(folder)
    dataset = report["dataset"]
    tokens = dataset["epochTokens"] / dataset["pairs"]
    print(f"{dataset['rows']} rows, {tokens:.0f} tokens a pair, {os.cpu_count()} cores")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{seconds:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of processor time, "
        f"{used.ru_maxrss / 2**10:.0f} MiB at the peak"
    )


if __name__ == "__main__":
    main()
