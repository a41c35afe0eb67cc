"""What accelerate's configuration files say about processes and sharding."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

_STAGES = {"zero1": 1, "zero2": 2, "zero3": 3}
PRESETS: Mapping[str, Mapping[str, Any]] = {
    **{
        name: {"distributed_type": "DEEPSPEED", "zero_stage": stage, "num_processes": 8}
        for name, stage in _STAGES.items()
    },
    "fsdp1": {"distributed_type": "FSDP", "num_processes": 8},
    "fsdp2": {"distributed_type": "FSDP", "num_processes": 8},
    "multi_gpu": {"distributed_type": "MULTI_GPU", "num_processes": 8},
    "single_gpu": {"distributed_type": "NO", "num_processes": 1},
}
"""Files that `trl --accelerate_config NAME` finds in TRL 1.16 (`trl/accelerate_configs`)."""

_GUESSES = {"zero3": 3, "zero2": 2, "zero1": 1}


def configured(document: Mapping[str, Any]) -> dict[str, Any]:
    """Launcher flags that a configuration file stands for."""
    nested = document.get("deepspeed_config")
    flags = {name: value for name, value in document.items() if name != "deepspeed_config"}
    if isinstance(nested, Mapping):
        flags |= nested
    if document.get("distributed_type") == "NO":
        flags["num_processes"] = 1
    return flags


def guessed(path: str) -> dict[str, Any]:
    """What the name of a file that is not at hand tells: sharding, but no processes."""
    stem = PurePosixPath(path).stem.lower().replace("-", "_")
    for name, stage in _GUESSES.items():
        if name in stem:
            return {"distributed_type": "DEEPSPEED", "zero_stage": stage}
    return {"distributed_type": "FSDP"} if "fsdp" in stem else {}
