"""The model that is trained."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel, Uri, cel, cel_rules


class DType(StrEnum):
    """Number format of the weights.

    Auto: bfloat16 for LoRA and for a frozen reference on hardware that computes in it natively,
        float32 with bfloat16 autocast for full training there, float32 everywhere else.
    """

    AUTO = "Auto"
    FLOAT32 = "Float32"
    BFLOAT16 = "BFloat16"
    FLOAT16 = "Float16"


class Quantization(StrEnum):
    """Quantisation of the frozen base weights (QLoRA, https://arxiv.org/abs/2305.14314)."""

    NF4 = "NF4"


class LoRA(ApiModel):
    """Low-rank adapters (https://arxiv.org/abs/2106.09685) in place of training every weight."""

    rank: int = Field(16, ge=1, le=1024, description="Rank of the adapters.")
    alpha: float = Field(32, gt=0, description="Scale: adapters count alpha / rank.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout on the adapters' input.")
    target_modules: Annotated[
        list[Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9_.-]+$")]],
        Field(min_length=1, max_length=32),
    ] = Field(
        ["all-linear"],
        description="Names of the modules that get adapters; all-linear means every linear layer "
        "but the output head.",
    )


class Model(ApiModel):
    """The base model: weights in safetensors, a tokenizer, no code of its own."""

    model_config = cel_rules(
        cel("!has(self.quantization) || has(self.lora)", "quantization needs lora"),
    )
    uri: Uri = Field(
        description="Where the base model lies: s3://bucket/prefix, hf://org/name@revision or "
        "pvc://claim/path."
    )
    dtype: DType = Field(DType.AUTO, description="Number format of the weights.")
    chat_template: Annotated[str, Field(max_length=32768)] | None = Field(
        None,
        description="Jinja chat template, in place of the tokenizer's own. It is stored with the "
        "model.",
    )
    lora: LoRA | None = Field(None, description="Train adapters only; every weight where absent.")
    quantization: Quantization | None = Field(
        None, description="Quantise the frozen base weights; needs lora and a CUDA device."
    )
