"""Models in folders, to be changed by tests: builders and edits."""

import json
import shutil
from pathlib import Path

INDEX = "model.safetensors.index.json"


def edit(path: Path, **fields: object) -> None:
    """Set fields of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def shards(folder: Path, *, named: list[str], present: list[str]) -> None:
    """Put copies of the weights in their place, and an index that names some."""
    for name in present:
        shutil.copy(folder / "model.safetensors", folder / name)
    (folder / "model.safetensors").unlink()
    (folder / INDEX).write_text(json.dumps({"weight_map": {f"w{n}": n for n in named}}))
