"""How the weights are changed."""

from enum import StrEnum

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel, cel, cel_rules


class Schedule(StrEnum):
    """Course of the learning rate after the warm-up."""

    LINEAR = "Linear"
    COSINE = "Cosine"
    CONSTANT = "Constant"
    INVERSE_SQUARE_ROOT = "InverseSquareRoot"


class Optimizer(StrEnum):
    """The optimizer. AdamW8Bit and PagedAdamW8Bit need bitsandbytes and a CUDA device."""

    ADAMW = "AdamW"
    ADAMW_8BIT = "AdamW8Bit"
    PAGED_ADAMW_8BIT = "PagedAdamW8Bit"
    ADAFACTOR = "Adafactor"
    RMSPROP = "RMSprop"


class StopWhen(ApiModel):
    """Guards that end a run early as diverged. A non-finite loss or gradient always does."""

    loss_above: float | None = Field(
        None, gt=0, description="Loss, averaged over a logging interval, above this value."
    )
    chosen_log_probability_drop_above: float | None = Field(
        None,
        gt=0,
        description="Chosen answers have become less likely than under the reference by more "
        "than so many nats a token.",
    )
    margin_frozen_steps: int | None = Field(
        None, ge=1, description="The reward margin stays exactly 0 for so many first steps."
    )


class Training(ApiModel):
    """Settings of the preference stage; batch size, schedule and seed hold for SFT too."""

    model_config = cel_rules(
        cel("!has(self.steps) || !has(self.epochs)", "set either steps or epochs, not both"),
        cel(
            "!has(self.warmupSteps) || !has(self.warmupRatio)",
            "set either warmupSteps or warmupRatio, not both",
        ),
        cel(
            "!has(self.microBatchSize) || self.batchSize % self.microBatchSize == 0",
            "batchSize has to be a multiple of microBatchSize",
        ),
    )
    epochs: float | None = Field(
        None, gt=0, le=1000, description="Passes over the pairs; 1 where steps is absent too."
    )
    steps: int | None = Field(None, ge=1, description="Optimizer steps, in place of epochs.")
    learning_rate: float = Field(
        1e-6,
        gt=0,
        le=1,
        description="Peak learning rate. Full training wants about 5e-7 to 5e-6, LoRA about ten "
        "times as much.",
    )
    schedule: Schedule = Field(
        Schedule.LINEAR, description="Course of the learning rate after the warm-up."
    )
    warmup_ratio: float | None = Field(
        None, ge=0, lt=1, description="Share of the steps in which the learning rate rises."
    )
    warmup_steps: int | None = Field(None, ge=0, description="Warm-up in steps.")
    batch_size: int = Field(
        32,
        ge=1,
        le=65536,
        description="Pairs an optimizer step, over all devices; accumulation follows from it.",
    )
    micro_batch_size: int | None = Field(
        None,
        ge=1,
        le=65536,
        description="Pairs a device holds at once; chosen to fit where absent.",
    )
    optimizer: Optimizer = Field(Optimizer.ADAMW, description="The optimizer.")
    weight_decay: float = Field(0.0, ge=0, lt=1, description="Decoupled weight decay.")
    max_gradient_norm: float = Field(
        1.0, ge=0, description="Norm at which gradients are clipped; 0 never clips."
    )
    gradient_checkpointing: bool = Field(
        True, description="Recompute activations in the backward pass: less memory, more time."
    )
    seed: int = Field(42, ge=0, le=4294967295, description="Seed of every random choice.")
    stop_when: StopWhen = Field(
        default_factory=StopWhen, description="Guards that end a run early."
    )
