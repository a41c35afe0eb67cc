"""A tiny Llama in a GGUF file: zeros, with the tokenizer of `pairs.py`."""

import json
from pathlib import Path

import numpy as np
from gguf import GGUFWriter, TokenType

import pairs

HIDDEN, INNER, HEADS, KEY_VALUE_HEADS, LAYERS, POSITIONS = 32, 96, 4, 2, 2, 512


def write_gguf(path: Path) -> Path:
    """Write the file and return its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(POSITIONS)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_VALUE_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    words = _add_tokenizer(writer)
    for name, shape in _shapes(words).items():
        writer.add_tensor(f"{name}.weight", np.zeros(shape, np.float32))
    for step in ("header", "kv_data", "tensors"):
        getattr(writer, f"write_{step}_to_file")()
    writer.close()
    return path.parent


def _add_tokenizer(writer: GGUFWriter) -> int:
    """Add the tokenizer and return its size."""
    model = json.loads(pairs.tokenizer().backend_tokenizer.to_str())["model"]
    words = sorted(model["vocab"], key=model["vocab"].__getitem__)
    kinds = [TokenType.CONTROL if word in pairs.SPECIAL else TokenType.NORMAL for word in words]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_eos_token_id(words.index("</s>"))
    writer.add_pad_token_id(words.index("<pad>"))
    return len(words)


def _shapes(words: int) -> dict[str, tuple[int, ...]]:
    """Names of the tensors as llama.cpp gives them; without `output` the head is tied."""
    key_value = HIDDEN // HEADS * KEY_VALUE_HEADS
    layer: dict[str, tuple[int, ...]] = {
        "attn_q": (HIDDEN, HIDDEN),
        "attn_k": (key_value, HIDDEN),
        "attn_v": (key_value, HIDDEN),
        "attn_output": (HIDDEN, HIDDEN),
        "attn_norm": (HIDDEN,),
        "ffn_gate": (INNER, HIDDEN),
        "ffn_up": (INNER, HIDDEN),
        "ffn_down": (HIDDEN, INNER),
        "ffn_norm": (HIDDEN,),
    }
    layers = {f"blk.{n}.{name}": shape for n in range(LAYERS) for name, shape in layer.items()}
    return {"token_embd": (words, HIDDEN), "output_norm": (HIDDEN,), **layers}
