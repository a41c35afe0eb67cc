"""Where the training computes, and in which number formats."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from preference_api.installing import from_checkout
from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.model import DType, Model
from preference_api.v1alpha1.training import Optimizer
from preference_trainer.errors import ConfigurationError, DeviceUnavailable

_NATIVE_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


@dataclass(frozen=True, slots=True)
class Device:
    """A device and the number formats of a model on it.

    kind: cpu or cuda.
    weights: Format in which the weights are kept.
    autocast_bfloat16: Whether products are computed in bfloat16 over float32 weights.
    """

    kind: Literal["cpu", "cuda"]
    weights: torch.dtype
    autocast_bfloat16: bool

    def autocast(self) -> torch.autocast:
        """The context in which models compute, as transformers' Trainer enters it."""
        return torch.autocast(self.kind, torch.bfloat16, enabled=self.autocast_bfloat16)


def choose_device(model: Model, *, gpus: int) -> Device:
    """The device that the spec asks for.

    Raises:
        ConfigurationError: A GPU is asked for and this torch knows none, or NF4 without CUDA.
        DeviceUnavailable: A GPU is asked for and none answers.

    """
    kind = _kind(gpus)
    if model.quantization is not None and kind == "cpu":
        raise ConfigurationError(
            "spec.model.quantization: NF4 needs a CUDA device and spec.resources.gpus is 0",
            remedy="Remove quantization, or ask for a GPU.",
        )
    native = (
        torch.cuda.is_bf16_supported(including_emulation=False)
        if kind == "cuda"
        else processor_has_bfloat16()
    )
    weights = _weights(model, native_bfloat16=native)
    full_precision = weights is torch.float32 and model.dtype is DType.AUTO
    return Device(kind=kind, weights=weights, autocast_bfloat16=full_precision and native)


def _why_not() -> str:
    """What CUDA itself says, as of a driver that is too old; `is_available` swallows it."""
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as error:
        return str(error)
    return "CUDA gives no reason"


def require_bitsandbytes(spec: PreferenceJobSpec) -> None:
    """Refuse what only bitsandbytes does, where it is not installed.

    Raises:
        ConfigurationError: It is asked for and missing.

    """
    eight_bit = spec.training.optimizer in (Optimizer.ADAMW_8BIT, Optimizer.PAGED_ADAMW_8BIT)
    field = "spec.training.optimizer" if eight_bit else "spec.model.quantization"
    wanted = eight_bit or spec.model.quantization is not None
    if wanted and importlib.util.find_spec("bitsandbytes") is None:
        raise ConfigurationError(
            f"{field} needs the package bitsandbytes, which is not installed here",
            remedy='Use a trainer image that was built with EXTRAS="cuda tracking", or run '
            f"{from_checkout('cuda')}.",
            reason="MissingPackage",
        )


def _kind(gpus: int) -> Literal["cpu", "cuda"]:
    if gpus == 0:
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if torch.version.cuda is None:
        raise ConfigurationError(
            f"spec.resources.gpus is {gpus} and this torch was built without CUDA",
            remedy="Set spec.resources.gpus to 0 to train on the processor, or use a trainer image "
            "for GPUs.",
            reason="NoGPU",
        )
    # So it is while a driver is exchanged, too, or a node's GPUs are still coming up.
    raise DeviceUnavailable(
        f"spec.resources.gpus is {gpus} and this machine shows no CUDA device: {_why_not()}",
        remedy=f"Try again; if it stays so, look at the GPU and the driver of the node, which has "
        f"to know CUDA {torch.version.cuda}, or set spec.resources.gpus to 0 to train on the "
        "processor.",
    )


def _weights(model: Model, *, native_bfloat16: bool) -> torch.dtype:
    """The format of the weights; Auto keeps full training in float32 for its small updates."""
    named = {
        DType.FLOAT32: torch.float32,
        DType.BFLOAT16: torch.bfloat16,
        DType.FLOAT16: torch.float16,
    }
    if model.dtype is not DType.AUTO:
        return named[model.dtype]
    return torch.bfloat16 if native_bfloat16 and model.lora else torch.float32


def processor_has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor multiplies in bfloat16; emulated, it is some 25 times slower."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        return False
    return not _NATIVE_BFLOAT16_FLAGS.isdisjoint(text.split())
