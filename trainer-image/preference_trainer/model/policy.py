"""Loading the policy: the base model, whole or with adapters, fresh or from saved weights."""

import errno
import gc
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    BitsAndBytesConfig,
    GenerationConfig,
    PreTrainedModel,
    set_seed,
)

from preference_api.v1alpha1.model import LoRA, Model, Quantization
from preference_trainer.errors import ConfigurationError
from preference_trainer.model.device import Device

_OF_THE_MACHINE = (errno.EIO, errno.ENOMEM, errno.ENOSPC)
"""What a disk or a memory does to a whole model; elsewhere it can be loaded."""


def load_policy(
    model: Model, *, base: Path, saved: Path | None, device: Device, seed: int
) -> PreTrainedModel | PeftModel:
    """Load the model to train.

    Args:
        model: The spec.
        base: Folder of the base model.
        saved: Folder of weights to start from in place of the base's (whole weights, or an
            adapter where the spec has lora); None starts from the base.
        device: Where it computes.
        seed: Seed of the adapters' first weights.

    Raises:
        ConfigurationError: The weights are broken, or nothing of them would be trained.

    """
    set_seed(seed)
    if model.lora is None:
        policy = load_whole(saved or base, device=device)
    else:
        whole = load_whole(base, device=device, quantization=model.quantization)
        policy = _adapted(whole, model.lora, saved)
    return _require_trainable(policy)


def load_whole(
    folder: Path,
    *,
    device: Device,
    quantization: Quantization | None = None,
    field: str = "spec.model.uri",
) -> PreTrainedModel:
    """Load a whole model from safetensors; its own code is never run.

    Args:
        folder: Its folder.
        device: Where it computes.
        quantization: Of its frozen weights.
        field: Field of the spec that names it, for the error.

    Raises:
        ConfigurationError: It cannot be loaded.

    """
    free_device_memory()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=device.weights,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            quantization_config=_nf4(device) if quantization else None,
        )
    except (torch.OutOfMemoryError, torch.AcceleratorError):
        raise
    except (SafetensorError, OSError, ValueError, RuntimeError, ImportError) as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            raise
        raise ConfigurationError(
            f"{field}: the model cannot be loaded: {error}",
            remedy=f"Check that {field} holds a whole causal language model in safetensors.",
            reason="ModelNotLoadable",
        ) from error
    make_savable(model.generation_config)
    loaded: PreTrainedModel = model if quantization else model.to(device.kind)
    return loaded


def free_device_memory() -> None:
    """Free models that are out of use: TRL's head makes a model refer to itself."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def make_savable(config: GenerationConfig) -> None:
    """Let a generation config be saved again once a token id in it changes.

    Sampling settings without `do_sample` are common in published models; transformers saves them
    as they were loaded and refuses them after any change.
    """
    try:
        config.validate(strict=True)
    except ValueError:
        config.do_sample = True


def _nf4(device: Device) -> BitsAndBytesConfig:
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=device.weights,
    )


def _adapted(base: PreTrainedModel, lora: LoRA, saved: Path | None) -> PeftModel:
    if saved is not None:
        return PeftModel.from_pretrained(base, saved, is_trainable=True)
    try:
        return get_peft_model(base, lora_config(lora))
    except ValueError as error:
        raise ConfigurationError(
            f"spec.model.lora.targetModules: {error}",
            remedy="Name linear modules of this architecture, or use all-linear.",
        ) from error


def lora_config(lora: LoRA) -> LoraConfig:
    """The adapters of the spec, as peft takes them."""
    targets: Any = lora.target_modules
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear" if targets == ["all-linear"] else targets,
        task_type="CAUSAL_LM",
    )


def _require_trainable(policy: torch.nn.Module) -> PreTrainedModel | PeftModel:
    if not any(weight.requires_grad for weight in policy.parameters()):
        raise ConfigurationError(
            "no weight of the model would be trained",
            remedy="Name modules of this architecture in spec.model.lora.targetModules.",
        )
    return policy


def write_adapter(policy: PeftModel, folder: Path, *, base_name: str) -> None:
    """Write the trained adapter, and in its config the name under which its base is known."""
    policy.save_pretrained(folder, selected_adapters=["default"])
    config = folder / "adapter_config.json"
    named = json.loads(config.read_text()) | {"base_model_name_or_path": base_name}
    config.write_text(json.dumps(named, indent=2, sort_keys=True))


def write_merged(adapter: Path, folder: Path, *, base: Path, device: Device) -> None:
    """Write the base model with an adapter merged into it, as a whole model.

    The adapter is merged into the weights as they were published, not into quantised ones
    (https://github.com/huggingface/peft/issues/2321).
    """
    on_processor = replace(device, kind="cpu")
    whole = PeftModel.from_pretrained(load_whole(base, device=on_processor), adapter)
    whole.merge_and_unload().save_pretrained(folder)


def load_published(
    folder: Path, *, base: Path, model: Model, device: Device
) -> PreTrainedModel | PeftModel:
    """Load a published model: an adapter onto the base of the spec, or a whole model."""
    if not (folder / "adapter_config.json").exists():
        return load_whole(folder, device=device, field="--model")
    whole = load_whole(base, device=device, quantization=model.quantization)
    return PeftModel.from_pretrained(whole, folder)
