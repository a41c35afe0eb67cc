"""The files of a model that count, their digest, and their refusal before a byte of weights."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from preference_api.identity import digest
from preference_trainer.errors import ConfigurationError
from preference_trainer.storage import Location, NotFound, ObjectInfo

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
INDEX = "model.safetensors.index.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
_ADAPTER = ("adapter_config.json", ADAPTER_WEIGHTS)
_DESCRIPTIONS = {
    CONFIG,
    "generation_config.json",
    INDEX,
    TOKENIZER,
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
}
_WEIGHTS = re.compile(r"^(?!consolidated)[^/]+\.safetensors$")
_PICKLED = re.compile(r"\.(bin|pt|pth|ckpt|msgpack|h5|onnx)$")


def model_files(location: Location) -> list[ObjectInfo]:
    """The files of a model that count: config, tokenizer and weights, sorted by name.

    Weights are safetensors, or one GGUF file where there are none. Cards, pickled copies of the
    weights and Mistral's `consolidated` copy are left out.

    Raises:
        StorageRefused, StorageUnavailable: As the storage answers.
    """
    infos = location.list()
    counting = [info for info in infos if info.name in _DESCRIPTIONS or is_weights(info.name)]
    gguf = [info for info in infos if is_gguf(info.name)]
    return gguf if gguf and not any(is_weights(info.name) for info in infos) else counting


def published_files(location: Location) -> list[ObjectInfo]:
    """The files of a published model that count: as `model_files`, and those of an adapter.

    Raises:
        NotFound: There are neither weights nor an adapter.
        StorageRefused, StorageUnavailable: As the storage answers.
    """
    adapter = [info for info in location.list() if info.name in _ADAPTER]
    files = sorted([*model_files(location), *adapter], key=lambda info: info.name)
    if not any(is_weights(f.name) or is_gguf(f.name) or f.name == ADAPTER_WEIGHTS for f in files):
        raise NotFound(
            f"no published model: nothing lies at {location.uri}",
            remedy="Name the folder with the weights of a model or of an adapter.",
        )
    return files


def model_digest(location: Location) -> str:
    """SHA-256 over name, size and etag of the files that count.

    Raises:
        StorageRefused, StorageUnavailable: As the storage answers.
    """
    return files_digest(model_files(location))


def files_digest(files: Iterable[ObjectInfo]) -> str:
    """SHA-256 over name, size and etag of files."""
    return digest([[info.name, info.size, info.etag] for info in files])


def is_weights(name: str) -> bool:
    """True for a file of safetensors that transformers loads."""
    return bool(_WEIGHTS.match(name)) and not name.startswith("adapter_")


def is_gguf(name: str) -> bool:
    """True for a GGUF file in the folder itself."""
    return name.endswith(".gguf") and "/" not in name


def require_files(location: Location, files: Sequence[ObjectInfo], *, field: str) -> None:
    """Refuse a model that could not be loaded, or only by running code of its own.

    Args:
        location: Where the model lies.
        files: Its files that count.
        field: Field of the spec that names it.

    Raises:
        NotFound: There is nothing.
        ConfigurationError: A file that is needed is missing, or the model brings code.
    """
    names = {info.name for info in files}
    if any(map(is_gguf, names)):
        return _require_single(location, names, field)
    if not any(map(is_weights, names)):
        raise _no_weights(location, [info.name for info in location.list()], field)
    for name, remedy in _NEEDED.items():
        if name not in names:
            raise ConfigurationError(
                f"{field}: {location.uri} has no {name}", remedy=remedy, reason="IncompleteModel"
            )
    _require_shards(location, names, field)
    for name in (CONFIG, TOKENIZER_CONFIG):
        _refuse_code(location, name, read_json(location, name, field=field), field)


def read_json(location: Location, name: str, *, field: str) -> dict[str, Any]:
    """A JSON object of the model; empty where the file is absent.

    Raises:
        ConfigurationError: The file holds something else.
    """
    place = location / name
    try:
        value = json.loads(place.read())
    except NotFound:
        return {}
    except ValueError as error:
        raise _no_json(field, place, str(error)) from error
    if not isinstance(value, dict):
        raise _no_json(field, place, "no object")
    return value


_NEEDED = {
    CONFIG: "Put the model's config.json beside its weights.",
    TOKENIZER: "Write it with transformers: AutoTokenizer.from_pretrained(...).save_pretrained().",
}


def _no_json(field: str, place: Location, detail: str) -> ConfigurationError:
    return ConfigurationError(
        f"{field}: {place.uri} is no valid JSON ({detail})",
        remedy="Upload the file again.",
        reason="IncompleteModel",
    )


def _no_weights(location: Location, found: list[str], field: str) -> Exception:
    if not found:
        return NotFound(f"{field}: nothing lies at {location.uri}", remedy=f"Correct {field}.")
    if "adapter_config.json" in found:
        return ConfigurationError(
            f"{field}: {location.uri} is an adapter, not a whole model",
            remedy="Merge it first (output.mergeAdapter publishes the merged model too).",
            reason="NoWeights",
        )
    pickled = [name for name in found if _PICKLED.search(name)]
    detail = f"; it holds {', '.join(pickled[:5])}, which could run code" if pickled else ""
    return ConfigurationError(
        f"{field}: {location.uri} has no weights in safetensors{detail}",
        remedy="Convert them: transformers' save_pretrained writes safetensors.",
        reason="NoWeights",
    )


def _require_single(location: Location, names: set[str], field: str) -> None:
    if len(names) > 1:
        raise ConfigurationError(
            f"{field}: {location.uri} holds several GGUF files: {', '.join(sorted(names))}",
            remedy="Name a folder with one of them.",
            reason="IncompleteModel",
        )


def _require_shards(location: Location, names: set[str], field: str) -> None:
    shards = set(read_json(location, INDEX, field=field).get("weight_map", {}).values())
    missing = sorted((shards or {"model.safetensors"}) - names)
    if missing:
        raise ConfigurationError(
            f"{field}: {location.uri} lacks {', '.join(missing[:5])}",
            remedy="Upload the whole model.",
            reason="IncompleteModel",
        )


def _refuse_code(location: Location, name: str, config: dict[str, Any], field: str) -> None:
    if "auto_map" in config:
        raise ConfigurationError(
            f"{field}: {(location / name).uri} has auto_map: the model wants to run code of its "
            "own, which is never done",
            remedy="Use a model that transformers knows by itself, or a copy of it without "
            "auto_map that loads without trust_remote_code.",
            reason="RemoteCode",
        )
