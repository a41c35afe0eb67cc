"""A tiny Llama, a tokenizer for it and pairs of token ids, all made on the spot."""

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from preference_trainer.scoring import Row

WORDS = [
    "the",
    "a",
    "cat",
    "dog",
    "sees",
    "likes",
    "hears",
    "bird",
    "tree",
    "runs",
    "sleeps",
    "and",
    "then",
    "loudly",
    "gently",
]


def sentences(count: int, *, seed: int = 0) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randint(3, 12))) for _ in range(count)]


def tokenizer(texts: list[str] | None = None, *, vocabulary: int = 400) -> PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<pad>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(texts or sentences(200), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>", pad_token="<pad>")


def llama(vocabulary: int, *, hidden: int = 32, layers: int = 2, seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    return LlamaForCausalLM(config)


def save(folder: Path, *, texts: list[str] | None = None, hidden: int = 32) -> Path:
    """Write a model and its tokenizer as any model folder."""
    words = tokenizer(texts)
    llama(len(words), hidden=hidden).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def rows(count: int, *, vocabulary: int, seed: int = 0) -> list[Row]:
    """Pairs of random ids of unequal lengths, each answer closed by the end token."""
    draw = random.Random(seed)

    def ids(low: int, high: int) -> list[int]:
        return [draw.randrange(2, vocabulary) for _ in range(draw.randint(low, high))]

    return [
        Row(prompt_ids=ids(3, 20), chosen_ids=[*ids(2, 15), 1], rejected_ids=[*ids(2, 15), 1])
        for _ in range(count)
    ]
