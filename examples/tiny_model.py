"""A tiny Llama with random weights, and a tokenizer that is learnt from the pairs themselves."""

import gzip
import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 2000
SPECIAL = ["<pad>", "</s>"]


def make_tiny_model(pairs: Path, folder: Path, *, seed: int = 0) -> None:
    """Write a model of about a million weights into a folder, as transformers reads it.

    Args:
        pairs: HH-RLHF rows, JSON lines in gzip.
        folder: Where model and tokenizer go.
        seed: Seed of the weights.

    """
    tokenizer = learn_tokenizer(pairs)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def learn_tokenizer(pairs: Path) -> PreTrainedTokenizerFast:
    """A byte-level BPE over the chosen dialogues."""
    with gzip.open(pairs, "rt") as lines:
        texts = [json.loads(line)["chosen"] for line in lines]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="</s>")
