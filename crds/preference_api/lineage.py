"""Where a model comes from, as the bucket tells it: what the trainer hands to the command line."""

from datetime import datetime

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.status import Checkpoint
from preference_api.wire import RunDocument, TrainSummary


class Promotion(ApiModel):
    """A run that is, or was, the current model of a job: an entry of `current.json`."""

    run_id: str = Field(description="The run.")
    promoted_at: datetime = Field(description="When it became the current model.")
    reason: str = Field("Promoted", description="Promoted by the gate, or RolledBack by a person.")
    by: str = Field("", description="Who rolled back to it.")


class RunRecord(ApiModel):
    """What the bucket holds of one run."""

    run_id: str = Field(description="The run.")
    document: RunDocument | None = Field(None, description="What it was told: run.json.")
    attempts: int | None = Field(None, description="Processes that worked at it: attempt.json.")
    checkpoints: list[Checkpoint] = Field(default_factory=list, description="Those that it keeps.")
    result: TrainSummary | None = Field(None, description="How it ended: result.json.")


class Unread(ApiModel):
    """An object that should be there and could not be read."""

    uri: str = Field(description="Where it lies.")
    message: str = Field(description="Why.")


class BucketLineage(ApiModel):
    """What a job's output says about its models."""

    pointer: str = Field(description="URI of current.json.")
    current: Promotion | None = Field(None, description="The current model.")
    history: list[Promotion] = Field(
        default_factory=list, description="Those that were current before, newest first."
    )
    run: RunRecord | None = Field(None, description="The run that was asked for.")
    earlier: list[RunRecord] = Field(
        default_factory=list, description="The current run and those before it, each once."
    )
    unread: list[Unread] = Field(default_factory=list, description="What could not be read.")
