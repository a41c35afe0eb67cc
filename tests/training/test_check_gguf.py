from pathlib import Path

import pytest

from checks import check, report_of, world
from gguf_models import write_gguf
from pairs import location, tokenizer
from preference_trainer.errors import ConfigurationError
from preference_trainer.estimate import suggest_micro_batch
from preference_trainer.model.config import model_files
from preference_trainer.model.fetch import fetch_model
from preference_trainer.model.look import look_at
from preference_trainer.model.shape import shape_in
from preference_trainer.stopping import StopRequest
from specs import spec, training

FIELD = "spec.model.uri"


def test_only_the_file_counts(tmp_path: Path) -> None:
    folder = write_gguf(tmp_path / "base/model.gguf")
    (folder / "README.md").write_text("card")
    assert [info.name for info in model_files(location(folder))] == ["model.gguf"]


def test_sizes_are_those_of_the_model_that_is_trained(tmp_path: Path) -> None:
    place = location(write_gguf(tmp_path / "base/model.gguf"))
    look = look_at(place, tmp_path / "looked", field=FIELD)
    base = fetch_model(
        place, tmp_path / "fetched", expected=look.digest, field=FIELD, stop=StopRequest()
    )
    assert look.shape == shape_in(base, field=FIELD)
    assert (look.shape.architecture, look.shape.positions) == ("LlamaForCausalLM", 512)
    assert look.shape.vocabulary == len(tokenizer())
    assert look.shape.linear_widths["model.layers.1.mlp.gate_proj"] == 32 + 96
    assert len(look.shape.linear_widths) == 2 * 7
    wanted = spec(training=training(batchSize=8))
    assert suggest_micro_batch(wanted, base=base) == 8


def test_a_model_in_gguf_is_checked(tmp_path: Path) -> None:
    world(tmp_path)
    write_gguf(tmp_path / "packed/model.gguf")
    lora = {"targetModules": ["q_proj", "mlp.up_proj"]}
    summary = check(tmp_path, model={"uri": "$/packed", "lora": lora})
    assert report_of(summary, tmp_path).model.architecture == "LlamaForCausalLM"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "model.gguf").write_bytes(b"version https://git-lfs")
    with pytest.raises(ConfigurationError, match=r"spec\.model\.uri: model\.gguf") as caught:
        look_at(location(folder), tmp_path / "looked", field=FIELD)
    assert caught.value.reason == "UnsupportedModel"
