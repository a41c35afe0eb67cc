"""How preferences are learnt: DPO, ORPO and the SFT stage that may come before either."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel, Column, Uri, cel, cel_rules


class Method(StrEnum):
    """The preference objective.

    DPO: Direct Preference Optimization, https://arxiv.org/abs/2305.18290.
    ORPO: Odds Ratio Preference Optimization, https://arxiv.org/abs/2403.07691.
    """

    DPO = "DPO"
    ORPO = "ORPO"


class DPOLoss(StrEnum):
    """TRL's names of its DPO losses (`DPOConfig.loss_type`, TRL 1.16), kept as they are known."""

    SIGMOID = "sigmoid"
    HINGE = "hinge"
    IPO = "ipo"
    EXO_PAIR = "exo_pair"
    NCA_PAIR = "nca_pair"
    ROBUST = "robust"
    BCO_PAIR = "bco_pair"
    SPPO_HARD = "sppo_hard"
    AOT = "aot"
    AOT_UNPAIRED = "aot_unpaired"
    APO_ZERO = "apo_zero"
    APO_DOWN = "apo_down"
    DISCOPOP = "discopop"
    SFT = "sft"
    SIGMOID_NORM = "sigmoid_norm"


class Reference(StrEnum):
    """Where the reference model's log-probabilities come from.

    Auto: Cached.
    Cached: computed once before training and kept in the bucket, shared by resumes and sweeps.
    Online: computed at every step, with the adapter off (LoRA) or by a second copy of the model.
    """

    AUTO = "Auto"
    CACHED = "Cached"
    ONLINE = "Online"


class ModelSource(ApiModel):
    """A model that is read and never trained."""

    uri: Uri = Field(
        description="Where the model lies: s3://bucket/prefix, hf://org/name@revision or "
        "pvc://claim/path."
    )


class DPO(ApiModel):
    """Settings of DPO."""

    model_config = cel_rules(
        cel(
            "!has(self.lossWeights) || size(self.lossWeights) == size(self.loss)",
            "lossWeights needs one weight for each entry of loss",
        ),
        cel(
            "!has(self.lossWeights) || self.lossWeights.exists(w, w > 0.0)",
            "lossWeights needs a weight above 0",
        ),
        cel(
            "!self.loss.exists(l, l == 'exo_pair') || self.labelSmoothing > 0.0",
            "loss exo_pair needs labelSmoothing above 0 (its paper uses 0.001)",
        ),
        cel(
            "!self.loss.exists(l, l == 'robust') || self.labelSmoothing < 0.5",
            "loss robust needs labelSmoothing below 0.5",
        ),
        cel("self.loss.exists(l, l != 'sft')", "loss needs at least one preference loss"),
    )
    beta: float = Field(
        0.1,
        gt=0,
        le=100,
        description="Strength of the pull towards the reference model; a lower beta lets the "
        "policy move further away.",
    )
    loss: Annotated[list[DPOLoss], Field(min_length=1, max_length=4)] = Field(
        [DPOLoss.SIGMOID], description="One loss, or several that are summed."
    )
    loss_weights: (
        Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1, max_length=4)] | None
    ) = Field(None, description="Weight of each entry of loss; 1 each where absent.")
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Assumed share of swapped labels, where the loss uses it.",
    )
    reference: Reference = Field(
        Reference.AUTO, description="Where the reference log-probabilities come from."
    )
    reference_model: ModelSource | None = Field(
        None,
        description="A reference model other than the model that training starts from. It has to "
        "share the tokenizer.",
    )


class ORPO(ApiModel):
    """Settings of ORPO."""

    lambda_: float = Field(
        0.1,
        alias="lambda",
        gt=0,
        le=100,
        description="Weight of the odds-ratio term beside the likelihood of the chosen answer "
        "(lambda of the paper, beta in TRL).",
    )


class SFTColumns(ApiModel):
    """Names of the columns of an SFT dataset; found by themselves where absent."""

    prompt: Column | None = Field(None, description="Column with the prompt.")
    completion: Column | None = Field(None, description="Column with the answer.")
    messages: Column | None = Field(
        None, description="Column with a list of messages, the answer last."
    )


class SFTDataset(ApiModel):
    """Demonstrations that the SFT stage trains on, in place of the chosen answers."""

    uri: Uri = Field(description="JSONL (plain, gzip or zstd) or Parquet, an object or a prefix.")
    columns: SFTColumns = Field(
        default_factory=SFTColumns, description="Names of the columns, where they are unusual."
    )


class SFT(ApiModel):
    """A supervised stage before the preference stage; its result becomes the reference model."""

    model_config = cel_rules(
        cel("!has(self.steps) || !has(self.epochs)", "set either steps or epochs, not both")
    )
    dataset: SFTDataset | None = Field(
        None, description="Own demonstrations; the chosen answers of the pairs where absent."
    )
    epochs: float | None = Field(
        None, gt=0, le=1000, description="Passes over the data; 1 where steps is absent too."
    )
    steps: int | None = Field(None, ge=1, description="Optimizer steps, in place of epochs.")
    learning_rate: float = Field(
        2e-5, gt=0, le=1, description="Peak learning rate of the SFT stage."
    )
