"""Loading the policy: the base model, whole or with adapters, fresh or from saved weights."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedModel, set_seed

from preference_api.v1alpha1.model import LoRA, Model, Quantization
from preference_trainer.errors import ConfigurationError
from preference_trainer.model.device import Device


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
    folder: Path, *, device: Device, quantization: Quantization | None = None
) -> PreTrainedModel:
    """Load a whole model from safetensors; its own code is never run."""
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=device.weights,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            quantization_config=_nf4(device) if quantization else None,
        )
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"the model cannot be loaded: {error}",
            remedy="Check that spec.model.uri holds a whole causal language model in safetensors.",
            reason="ModelNotLoadable",
        ) from error
    loaded: PreTrainedModel = model.to(device.kind)
    return loaded


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


def write_merged(policy: PeftModel, folder: Path) -> None:
    """Write the base model with the adapter merged into it, as a whole model."""
    policy.merge_and_unload().save_pretrained(folder)


def load_published(folder: Path, *, base: Path, device: Device) -> PreTrainedModel | PeftModel:
    """Load a published model: an adapter onto its base, or a whole model."""
    if not (folder / "adapter_config.json").exists():
        return load_whole(folder, device=device)
    return PeftModel.from_pretrained(load_whole(base, device=device), folder)
