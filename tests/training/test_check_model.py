import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from models import edit, shards
from pairs import location, model
from preference_api.wire import ExitCode
from preference_trainer.errors import TrainerError
from preference_trainer.model.config import model_digest, model_files, published_files
from preference_trainer.model.look import Look, look_at
from preference_trainer.model.shape import shape_in
from preference_trainer.model.tokenizer import load_tokenizer
from preference_trainer.storage import NotFound

FIELD = "spec.model.uri"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return model(tmp_path / "base")


def look(folder: Path, tmp_path: Path) -> Look:
    return look_at(location(folder), tmp_path / "fetched", field=FIELD)


def test_a_model_is_looked_at_without_its_weights(folder: Path, tmp_path: Path) -> None:
    (folder / "README.md").write_text("card")
    (folder / "pytorch_model.bin").write_text("pickled")
    (folder / "consolidated.safetensors").write_text("a copy")
    seen = look(folder, tmp_path)
    assert sorted(path.name for path in seen.folder.iterdir()) == [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    names = [info.name for info in model_files(location(folder))]
    assert names == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert load_tokenizer(seen.folder).eos_token == "</s>"


def test_sizes_come_from_config_and_headers(folder: Path, tmp_path: Path) -> None:
    shape = look(folder, tmp_path).shape
    assert (shape.architecture, shape.hidden, shape.layers) == ("LlamaForCausalLM", 32, 2)
    assert (shape.intermediate, shape.key_value) == (96, 16)
    assert (shape.vocabulary, shape.positions) == (400, 512)
    linear = 32 * 32 + 16 * 32 + 96 * 32
    assert shape.parameters == 400 * 32 + linear + 32
    assert shape.linear_parameters == linear
    assert shape.linear_widths == {
        "model.layers.0.self_attn.q_proj": 64,
        "model.layers.0.self_attn.k_proj": 48,
        "model.layers.0.mlp.up_proj": 128,
    }
    assert shape == shape_in(folder, field=FIELD)


def test_sizes_of_other_names_are_found(tmp_path: Path) -> None:
    folder = model(tmp_path / "base")
    sizes = {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 77, "vocab_size": 400}
    config = {"architectures": ["GPT2LMHeadModel"], **sizes}
    (folder / "config.json").write_text(json.dumps(config))
    shape = look(folder, tmp_path).shape
    assert (shape.layers, shape.positions, shape.intermediate) == (3, 77, 128)


def test_the_digest_sees_files_that_count(folder: Path) -> None:
    before = model_digest(location(folder))
    (folder / "README.md").write_text("another card")
    assert model_digest(location(folder)) == before
    edit(folder / "config.json", rope_theta=5)
    assert model_digest(location(folder)) != before


def test_the_digest_does_not_see_the_place(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert model_digest(location(folder)) == model_digest(location(tmp_path / "copy"))


def test_shards_are_counted_together(folder: Path, tmp_path: Path) -> None:
    single = look(folder, tmp_path).shape.parameters
    both = ["model-1.safetensors", "model-2.safetensors"]
    shards(folder, named=both, present=both)
    assert look(folder, tmp_path).shape.parameters == 2 * single


ADAPTER = {"adapter_config.json", "adapter_model.safetensors"}


def test_files_of_a_published_model_are_those_of_an_adapter_too(folder: Path) -> None:
    whole = [info.name for info in model_files(location(folder))]
    assert [info.name for info in published_files(location(folder))] == whole
    for name in ("README.md", "report.html", *ADAPTER):
        (folder / name).write_text("{}")
    names = [info.name for info in published_files(location(folder))]
    assert names == sorted([*whole, *ADAPTER])
    for name in ("config.json", "model.safetensors"):
        (folder / name).unlink()
    left = {info.name for info in published_files(location(folder))}
    assert left == {"tokenizer.json", "tokenizer_config.json", *ADAPTER}


@pytest.mark.parametrize("missing", ["folder", "weights"])
def test_no_published_model(missing: str, folder: Path) -> None:
    place = location(folder if missing == "weights" else folder / "nowhere")
    (folder / "model.safetensors").unlink()
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(NotFound, match=f"nothing lies at {place.uri}"):
        published_files(place)


def test_nothing_at_the_location(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=FIELD) as caught:
        look(tmp_path / "nowhere", tmp_path)
    assert caught.value.exit_code == ExitCode.STORAGE_REFUSED


@pytest.mark.parametrize(
    ("breaking", "message"),
    [
        (lambda f: (f / "tokenizer.json").write_text("{}"), "the tokenizer cannot be loaded"),
        (
            lambda f: edit(f / "tokenizer_config.json", eos_token=None),
            "the tokenizer names no eos_token",
        ),
    ],
)
def test_tokenizers_that_cannot_be_used(
    breaking: Callable[[Path], object], message: str, folder: Path
) -> None:
    breaking(folder)
    with pytest.raises(TrainerError, match=message) as caught:
        load_tokenizer(folder)
    assert caught.value.reason == "BadTokenizer"


def test_a_template_of_the_spec_replaces_the_own_one(tmp_path: Path) -> None:
    folder = model(tmp_path / "base", chat=True)
    assert load_tokenizer(folder, chat_template="hello").chat_template == "hello"
    assert "im_start" in load_tokenizer(folder).chat_template
