"""The numbers of a model that decide what it can take and what it costs, without its weights."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from preference_trainer.errors import ConfigurationError
from preference_trainer.model.config import CONFIG, is_weights
from preference_trainer.model.weights import Tensor, read_header

_OTHER_NAMES = {
    "hidden_size": ("n_embd", "d_model"),
    "num_hidden_layers": ("n_layer", "num_layers"),
    "num_attention_heads": ("n_head", "num_heads"),
    "intermediate_size": ("n_inner", "ffn_dim", "d_ff"),
    "max_position_embeddings": ("n_positions", "n_ctx", "max_seq_len"),
}
_NOT_LINEAR = ("embed", "lm_head", "wte", "wpe", "norm")

ALL_LINEAR = "all-linear"
"""Every linear layer but the output head, in place of names, as in peft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """Sizes of a decoder.

    Args:
        architecture: Class in transformers.
        hidden: Width of the residual stream.
        layers: Decoder layers.
        intermediate: Width of the feed-forward layers.
        key_value: Width of the keys, and of the values, of a layer.
        vocabulary: Rows of the embedding.
        positions: Positions that the model knows; None where the config does not say.
        parameters: Numbers in all weights.
        linear_parameters: Numbers in the linear layers but the output head.
        linear_widths: Inputs plus outputs of each linear layer, by its path in the model.
    """

    architecture: str
    hidden: int
    layers: int
    intermediate: int
    key_value: int
    vocabulary: int
    positions: int | None
    parameters: int
    linear_parameters: int
    linear_widths: Mapping[str, int]


def shape_of(config: Mapping[str, Any], tensors: Sequence[Tensor], *, field: str) -> ModelShape:
    """The shape of a model from its config.json and the headers of its weights.

    Raises:
        ConfigurationError: It generates no text, or the config lacks a size.
    """
    architecture = next(iter(config.get("architectures") or []), "")
    if not architecture.endswith("ForCausalLM") and not architecture.endswith("LMHeadModel"):
        raise ConfigurationError(
            f"{field}: architecture {architecture or 'unknown'} does not continue text",
            remedy="Use a model whose config.json names an architecture ...ForCausalLM.",
            reason="UnsupportedModel",
        )
    hidden = _number(config, "hidden_size", field)
    heads = _number(config, "num_attention_heads", field)
    head = config.get("head_dim") or hidden // heads
    return ModelShape(
        architecture=architecture,
        hidden=hidden,
        layers=_number(config, "num_hidden_layers", field),
        intermediate=_find(config, "intermediate_size") or 4 * hidden,
        key_value=head * (config.get("num_key_value_heads") or heads),
        vocabulary=_number(config, "vocab_size", field),
        positions=_find(config, "max_position_embeddings"),
        **_sums(tensors),
    )


def gguf_shape(path: Path, *, field: str) -> ModelShape:
    """The shape of the model that transformers makes of a GGUF file; imports torch.

    Raises:
        ConfigurationError: transformers cannot read it.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(path.parent, gguf_file=path.name)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
    except Exception as error:  # transformers and gguf raise every kind for a file they cannot read
        raise ConfigurationError(
            f"{field}: {path.name} cannot be read: {error}",
            remedy="Use the model in safetensors, or a GGUF file that transformers can read.",
            reason="UnsupportedModel",
        ) from error
    weights = [Tensor(name, tuple(w.shape), str(w.dtype)) for name, w in model.named_parameters()]
    sizes = config.to_dict() | {"architectures": [type(model).__name__]}
    return shape_of(sizes, weights, field=field)


def is_target(module: str, targets: Sequence[str]) -> bool:
    """True where LoRA's target modules name a module: its path, or the end of it, as in peft."""
    every = list(targets) == [ALL_LINEAR]
    return every or any(f".{module}".endswith(f".{target}") for target in targets)


def shape_in(folder: Path, *, field: str) -> ModelShape:
    """The shape of a model in safetensors in a folder of this machine.

    Raises:
        ConfigurationError: As `shape_of` and `tensors_of`.
    """
    files = [path for path in sorted(folder.glob("*.safetensors")) if is_weights(path.name)]
    tensors = tensors_of(((str(path), path.open("rb")) for path in files), field=field)
    return shape_of(json.loads((folder / CONFIG).read_text()), tensors, field=field)


def tensors_of(streams: Iterable[tuple[str, BinaryIO]], *, field: str) -> list[Tensor]:
    """The tensors of several safetensors files, of which only the headers are read.

    Args:
        streams: URI of each file, and its content.
        field: Field of the spec that names the model.

    Raises:
        ConfigurationError: A file is no safetensors file.
    """
    tensors: list[Tensor] = []
    for uri, stream in streams:
        try:
            with stream:
                tensors.extend(read_header(stream))
        except ValueError as error:
            raise ConfigurationError(
                f"{field}: {uri} is no whole safetensors file",
                remedy="Upload the model again.",
                reason="IncompleteModel",
            ) from error
    return tensors


def _sums(tensors: Sequence[Tensor]) -> dict[str, Any]:
    linear = [tensor for tensor in tensors if _is_linear(tensor)]
    return {
        "parameters": sum(tensor.size for tensor in tensors),
        "linear_parameters": sum(tensor.size for tensor in linear),
        "linear_widths": {t.name.removesuffix(".weight"): sum(t.shape) for t in linear},
    }


def _is_linear(tensor: Tensor) -> bool:
    matrix = len(tensor.shape) == 2 and tensor.name.endswith(".weight")
    return matrix and not any(part in tensor.name for part in _NOT_LINEAR)


def _find(config: Mapping[str, Any], name: str) -> int | None:
    names = (name, *_OTHER_NAMES.get(name, ()))
    return next((config[key] for key in names if isinstance(config.get(key), int)), None)


def _number(config: Mapping[str, Any], name: str, field: str) -> int:
    value = _find(config, name)
    if not value:
        raise ConfigurationError(
            f"{field}: config.json has no {name}",
            remedy="Use a model whose config.json names its sizes.",
            reason="UnsupportedModel",
        )
    return value
