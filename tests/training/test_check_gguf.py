from pathlib import Path

import numpy as np
from gguf import GGUFWriter

from pairs import location
from preference_trainer.model.config import model_files
from preference_trainer.model.look import look_at


def write_gguf(path: Path) -> None:
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(8)
    writer.add_block_count(3)
    writer.add_feed_forward_length(24)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_token_list(["a", "b", "c"])
    writer.add_tensor("token_embd.weight", np.zeros((3, 8), np.float32))
    writer.add_tensor("blk.0.attn_q.weight", np.zeros((8, 8), np.float32))
    for step in ("header", "kv_data", "tensors"):
        getattr(writer, f"write_{step}_to_file")()
    writer.close()


def test_sizes_come_from_the_file_itself(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    write_gguf(folder / "model.gguf")
    (folder / "README.md").write_text("card")
    assert [info.name for info in model_files(location(folder))] == ["model.gguf"]
    look = look_at(location(folder), tmp_path / "fetched", field="spec.model.uri")
    assert (look.folder / "model.gguf").is_file()
    shape = look.shape
    assert (shape.architecture, shape.hidden, shape.layers) == ("llama", 8, 3)
    assert (shape.intermediate, shape.key_value) == (24, 4)
    assert (shape.vocabulary, shape.positions) == (3, 128)
    assert (shape.parameters, shape.linear_parameters) == (88, 64)
    assert shape.linear_widths == {"attn_q": 16}
