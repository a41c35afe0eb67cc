import json
from collections.abc import Callable
from pathlib import Path

import pytest

from models import edit, shards
from pairs import CONFIG, location, model
from preference_api.wire import ExitCode
from preference_trainer.errors import TrainerError
from preference_trainer.model.look import look_at

FIELD = "spec.model.uri"

BREAKAGES: list[tuple[str, Callable[[Path], object], str, str, str]] = [
    (
        "code in config.json",
        lambda f: edit(f / "config.json", auto_map={"AutoModel": "x.py"}),
        "config.json has auto_map: the model wants to run code",
        "RemoteCode",
        "without auto_map",
    ),
    (
        "code in tokenizer_config.json",
        lambda f: edit(f / "tokenizer_config.json", auto_map={}),
        "tokenizer_config.json has auto_map",
        "RemoteCode",
        "without auto_map",
    ),
    (
        "pickled weights only",
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
        "no weights in safetensors; it holds pytorch_model.bin, which could run code",
        "NoWeights",
        "save_pretrained writes safetensors",
    ),
    (
        "no weights at all",
        lambda f: (f / "model.safetensors").unlink(),
        "has no weights in safetensors",
        "NoWeights",
        "Convert",
    ),
    (
        "an adapter",
        lambda f: [
            (f / "model.safetensors").rename(f / "adapter_model.safetensors"),
            (f / "adapter_config.json").write_text("{}"),
        ],
        "is an adapter",
        "NoWeights",
        "output.mergeAdapter",
    ),
    (
        "no config",
        lambda f: (f / "config.json").unlink(),
        "has no config.json",
        "IncompleteModel",
        "config.json",
    ),
    (
        "no tokenizer",
        lambda f: (f / "tokenizer.json").unlink(),
        "has no tokenizer.json",
        "IncompleteModel",
        "save_pretrained",
    ),
    (
        "config is no JSON",
        lambda f: (f / "config.json").write_text("{"),
        "config.json is no valid JSON",
        "IncompleteModel",
        "again",
    ),
    (
        "config is a list",
        lambda f: (f / "config.json").write_text("[]"),
        "config.json is no valid JSON (no object)",
        "IncompleteModel",
        "again",
    ),
    (
        "a missing shard",
        lambda f: shards(f, named=["a.safetensors", "b.safetensors"], present=["a.safetensors"]),
        "lacks b.safetensors",
        "IncompleteModel",
        "whole model",
    ),
    (
        "shards without an index",
        lambda f: (f / "model.safetensors").rename(f / "model-1.safetensors"),
        "lacks model.safetensors",
        "IncompleteModel",
        "whole model",
    ),
    (
        "weights are something else",
        lambda f: (f / "model.safetensors").write_bytes(b"version https://git-lfs"),
        "model.safetensors is no whole safetensors file",
        "IncompleteModel",
        "again",
    ),
    (
        "no text is generated",
        lambda f: edit(f / "config.json", architectures=["BertForMaskedLM"]),
        "architecture BertForMaskedLM does not continue text",
        "UnsupportedModel",
        "ForCausalLM",
    ),
    (
        "a size is missing",
        lambda f: (f / "config.json").write_text(
            json.dumps({name: value for name, value in CONFIG.items() if name != "hidden_size"})
        ),
        "config.json has no hidden_size",
        "UnsupportedModel",
        "sizes",
    ),
    (
        "two GGUF files",
        lambda f: [
            (f / "model.safetensors").unlink(),
            (f / "a.gguf").write_text("x"),
            (f / "b.gguf").write_text("x"),
        ],
        "several GGUF files: a.gguf, b.gguf",
        "IncompleteModel",
        "one of them",
    ),
]


@pytest.mark.parametrize(
    ("breaking", "message", "reason", "remedy"),
    [pytest.param(*rest, id=name) for name, *rest in BREAKAGES],
)
def test_models_that_cannot_be_trained(
    breaking: Callable[[Path], object],
    message: str,
    reason: str,
    remedy: str,
    tmp_path: Path,
) -> None:
    folder = model(tmp_path / "base")
    breaking(folder)
    with pytest.raises(TrainerError) as caught:
        look_at(location(folder), tmp_path / "fetched", field=FIELD)
    error = caught.value
    assert FIELD in error.message
    assert message in error.message
    assert remedy in error.remedy
    assert (error.exit_code, error.reason) == (ExitCode.BAD_CONFIGURATION, reason)
