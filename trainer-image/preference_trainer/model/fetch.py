"""Bringing a base model to this machine, exactly the one that was checked."""

from collections.abc import Callable
from pathlib import Path

from transformers import AutoModelForCausalLM, GgufConfig

from preference_api.v1alpha1.status import Stage
from preference_trainer.errors import ConfigurationError
from preference_trainer.log import log
from preference_trainer.model.config import files_digest, model_files
from preference_trainer.model.tokenizer import load_tokenizer
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location, ObjectInfo
from preference_trainer.storage.parallel import in_parallel


def fetch_model(
    source: Location,
    folder: Path,
    *,
    expected: str,
    field: str,
    stop: StopRequest,
    board: ProgressBoard | None = None,
    select: Callable[[Location], list[ObjectInfo]] = model_files,
) -> Path:
    """Download the files of a model that count.

    Args:
        source: Where it lies.
        folder: Where it goes.
        expected: The digest that the check found.
        field: Field of the spec that names it, for the error.
        stop: Looked at while bytes arrive.
        board: Shows the bytes of the download as a stage of its own.
        select: Lists the files that count.

    Raises:
        ConfigurationError: The model changed since it was checked, or while it arrived.

    """
    files = select(source)
    _require_same(files, expected, f"{field}: the model at {source.uri}")
    if board is not None:
        board.enter(Stage.DOWNLOAD, steps=sum(item.size for item in files))

    def on_bytes(count: int) -> None:
        stop.check("downloading the model")
        if board is not None:
            board.advance(count)

    def fetch(name: str) -> None:
        (source / name).download(folder / name, on_bytes=on_bytes)

    in_parallel(fetch, [item.name for item in files])
    # Files are fetched one by one: a model replaced meanwhile is here in parts of both.
    _require_same(select(source), expected, f"{field}: the model at {source.uri}")
    log("ModelFetched", uri=source.uri, digest=expected)
    return _as_safetensors(folder)


def _require_same(files: list[ObjectInfo], expected: str, what: str) -> None:
    if files_digest(files) != expected:
        raise ConfigurationError(
            f"{what} changed since it was checked",
            remedy="Start the job again, so that the new model is checked; or pin a revision.",
            reason="ModelChanged",
        )


def _as_safetensors(folder: Path) -> Path:
    """The folder itself; of a GGUF file a folder beside it, as transformers reads and writes it."""
    packed = next(folder.glob("*.gguf"), None)
    if packed is None:
        return folder
    unpacked = folder.with_name(f"{folder.name}-unpacked")
    whole = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=packed.name, quantization_config=GgufConfig(dequantize=True)
    )
    whole.save_pretrained(unpacked)
    load_tokenizer(folder).save_pretrained(unpacked)
    return unpacked
