"""What a run leaves behind: checkpoints, evaluation and the published model."""

from typing import Annotated

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel, OutputUri


class Checkpoints(ApiModel):
    """When training state is saved to the bucket."""

    every_steps: int | None = Field(None, ge=1, description="Save after so many steps.")
    every_minutes: int = Field(
        30, ge=1, le=1440, description="Save when the last checkpoint is so old."
    )
    keep: int = Field(2, ge=1, le=100, description="Newest checkpoints that are kept.")


class Gate(ApiModel):
    """What a model has to show before it is promoted to current."""

    minimum_accuracy: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Least accuracy on the held-out pairs by the implicit reward.",
    )
    better_than_base: bool = Field(
        False, description="Has to beat the base model on the held-out pairs."
    )
    better_than_current: bool = Field(
        False, description="Has to beat the promoted model on the same held-out pairs."
    )
    confidence: float = Field(
        0.95, gt=0.5, lt=1, description="Confidence of the intervals that the gate looks at."
    )


class Evaluation(ApiModel):
    """What is measured on the held-out pairs after training."""

    samples: int = Field(8, ge=0, le=1000, description="Held-out prompts that are answered.")
    max_new_tokens: int = Field(
        128, ge=1, le=8192, description="Most tokens of a generated answer."
    )
    gate: Gate | None = Field(
        None, description="Conditions of promotion; every finished model is promoted where absent."
    )


class Output(ApiModel):
    """Where runs, checkpoints and models go."""

    uri: OutputUri = Field(
        description="Prefix in a bucket: s3://bucket/prefix. Runs share it safely."
    )
    merge_adapter: bool = Field(
        False, description="Also publish the base model with the adapter merged into it."
    )
    name: Annotated[str, Field(max_length=96, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = (
        Field(None, description="Name in the model card; the object's name where absent.")
    )
