"""Rows of pairs, files of them, and models that `check` can look at, all made without torch."""

import gzip
import json
import os
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from preference_api.v1alpha1.dataset import Columns, DatasetFormat, PromptTemplate
from preference_api.v1alpha1.storage import Storage
from preference_trainer.dataset.forms import detect
from preference_trainer.dataset.gather import Reading
from preference_trainer.dataset.pairs import Pair
from preference_trainer.dataset.parse import parse
from preference_trainer.dataset.read import Row
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location, open_location

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "PREFERENCE_TEST_DATA"
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<pad>", "</s>", "<s>", "<|im_start|>", "<|im_end|>"]
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 400,
    "max_position_embeddings": 512,
}
_WORDS = tuple(
    "the a cat dog sees likes hears bird tree runs sleeps and then loudly gently".split()  # noqa: SIM905
)


def sentence(draw: random.Random, *, longest: int = 12) -> str:
    """A few words."""
    return " ".join(draw.choices(_WORDS, k=draw.randint(3, longest)))


def text_rows(count: int, *, seed: int = 0) -> list[dict[str, Any]]:
    """Rows of plain text, each with a prompt of its own."""
    draw = random.Random(seed)
    return [
        {
            "prompt": f"{sentence(draw)} {seed}-{number}?",
            "chosen": f" yes {sentence(draw)}",
            "rejected": f" no {sentence(draw)}",
        }
        for number in range(count)
    ]


def dialogue(*turns: str) -> str:
    """Turns in HH-RLHF's form, a human one first."""
    names = ("Human", "Assistant")
    return "".join(f"\n\n{names[i % 2]}: {turn}" for i, turn in enumerate(turns))


def dialogue_rows(count: int, *, seed: int = 0) -> list[dict[str, Any]]:
    """Rows in HH-RLHF's raw form, of two or four turns."""
    return [
        {
            "chosen": dialogue(*head, row["chosen"][1:]),
            "rejected": dialogue(*head, row["rejected"][1:]),
        }
        for number, row in enumerate(text_rows(count, seed=seed))
        for head in [(row["prompt"],) if number % 2 else (row["prompt"], "go on", "so?")]
    ]


def user(text: str) -> dict[str, str]:
    """A message of the user."""
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    """A message of the assistant."""
    return {"role": "assistant", "content": text}


def chat_rows(count: int, *, seed: int = 0) -> list[dict[str, Any]]:
    """Rows as UltraFeedback's: whole conversations, and the prompt again as text."""
    return [
        {
            "prompt": row["prompt"],
            "chosen": [user(row["prompt"]), assistant(row["chosen"])],
            "rejected": [user(row["prompt"]), assistant(row["rejected"])],
        }
        for row in text_rows(count, seed=seed)
    ]


def pairs_of(rows: Sequence[dict[str, Any]], *, chat: bool) -> list[Pair]:
    """The pairs of rows, without those that have none."""
    read = [Row("pairs.jsonl", number, row) for number, row in enumerate(rows, start=1)]
    form = detect(read, wanted=DatasetFormat.AUTO, columns=Columns())
    parsed = [parse(row, form, prompt=PromptTemplate(), chat=chat) for row in read]
    return [pair for pair in parsed if isinstance(pair, Pair)]


def json_lines(rows: Iterable[Any]) -> bytes:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def write_rows(path: Path, rows: Iterable[Any]) -> Path:
    """Write rows as JSON Lines, compressed where the name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json_lines(rows)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def location(path: Path) -> Location:
    """A place of this machine."""
    return open_location(path.as_uri(), Storage(), local=True)


def reading(workdir: Path, *, chat: bool = False, **prompt: Any) -> Reading:
    """How rows are read in a local run."""
    return Reading(
        open=lambda uri: open_location(uri, Storage(), local=True),
        prompt=PromptTemplate(**prompt),
        chat=chat,
        workdir=workdir,
        board=ProgressBoard(),
        stop=StopRequest(),
    )


def tokenizer(
    texts: Sequence[str] | None = None, *, chat: bool = False, start: bool = False
) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer of 400 tokens.

    Args:
        texts: What it is trained on.
        chat: Give it a chat template (ChatML, whose end token is not the end of a sequence).
        start: Let it begin every text with `<s>`.
    """
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    draw = random.Random(1)
    raw.train_from_iterator(texts or [sentence(draw) for _ in range(200)], trainer)
    if start:
        raw.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        chat_template=CHAT if chat else None,
    )


def model(folder: Path, *, chat: bool = False, **config: Any) -> Path:
    """A model of zeros with its tokenizer, whole enough for `check`."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {**CONFIG, **config}
    tokenizer(chat=chat).save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(sizes))
    save_file(weights(sizes), folder / "model.safetensors")
    return folder


def weights(sizes: dict[str, Any]) -> dict[str, Any]:
    """The tensors of one Llama layer and an embedding, of zeros."""
    hidden, inner = sizes["hidden_size"], sizes["intermediate_size"]
    shapes = {
        "model.embed_tokens.weight": (sizes["vocab_size"], hidden),
        "model.layers.0.self_attn.q_proj.weight": (hidden, hidden),
        "model.layers.0.self_attn.k_proj.weight": (hidden // 2, hidden),
        "model.layers.0.mlp.up_proj.weight": (inner, hidden),
        "model.layers.0.input_layernorm.weight": (hidden,),
    }
    return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}


def hh_rlhf() -> Path:
    """A file of real HH-RLHF pairs.

    It comes from the folder that PREFERENCE_TEST_DATA names, else from `../shared/data` beside the
    repository, else from the examples; without any the test is skipped.
    """
    named = os.environ.get(VARIABLE)
    folders = [Path(named)] if named else [ROOT.parent / "shared/data", ROOT / "examples/data"]
    files = [path for folder in folders for path in sorted(folder.rglob("h*.jsonl.gz"))]
    if not files:
        pytest.skip(f"no pairs of HH-RLHF in {', '.join(map(str, folders))}; set {VARIABLE}")
    return files[0]
