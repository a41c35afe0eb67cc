"""A look at a model before anything of it is loaded: config, tokenizer, sizes, digest."""

from dataclasses import dataclass
from pathlib import Path

from preference_trainer.model.config import (
    CONFIG,
    files_digest,
    is_gguf,
    is_weights,
    model_files,
    read_json,
    require_files,
)
from preference_trainer.model.shape import ModelShape, gguf_shape, shape_of, tensors_of
from preference_trainer.storage import Location


@dataclass(frozen=True, slots=True)
class Look:
    """What a model is.

    Args:
        folder: Local folder with its config and tokenizer, or with its GGUF file.
        digest: Digest of its files.
        shape: Its sizes.
    """

    folder: Path
    digest: str
    shape: ModelShape


def look_at(location: Location, folder: Path, *, field: str) -> Look:
    """Refuse what cannot be trained, and fetch what a check needs; weights are left where they are.

    Args:
        location: Where the model lies.
        folder: Where config and tokenizer go.
        field: Field of the spec that names the model.

    Raises:
        NotFound: There is nothing.
        ConfigurationError: The model cannot be loaded, brings code or generates no text.
        StorageRefused, StorageUnavailable: As the storage answers.
    """
    files = model_files(location)
    require_files(location, files, field=field)
    for info in files:
        if not is_weights(info.name):
            (location / info.name).download(folder / info.name)
    return Look(
        folder, files_digest(files), _shape(location, [f.name for f in files], folder, field)
    )


def _shape(location: Location, names: list[str], folder: Path, field: str) -> ModelShape:
    if is_gguf(names[0]):
        return gguf_shape(folder / names[0], field=field)
    weights = [location / name for name in names if is_weights(name)]
    streams = ((place.uri, place.open()) for place in weights)
    tensors = tensors_of(streams, field=field)
    return shape_of(read_json(location, CONFIG, field=field), tensors, field=field)
