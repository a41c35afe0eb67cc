"""The status of a PreferenceJob, written by the operator alone."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel

Text = Annotated[str, Field(max_length=1024)]


class ConditionType(StrEnum):
    """Conditions of a PreferenceJob; Ready, Reconciling and Stalled are kstatus's."""

    ACCEPTED = "Accepted"
    DATA_READY = "DataReady"
    ADMITTED = "Admitted"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    CHECKPOINT_AVAILABLE = "CheckpointAvailable"
    EVALUATION_PASSED = "EvaluationPassed"
    SUCCEEDED = "Succeeded"
    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


class ConditionStatus(StrEnum):
    """As meta/v1 Condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(ApiModel):
    """As meta/v1 Condition."""

    type: ConditionType = Field(description="What is told.")
    status: ConditionStatus = Field(description="True, False or Unknown.")
    reason: Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z]([A-Za-z0-9]*)$")] = Field(
        description="Why, in one word."
    )
    message: Annotated[str, Field(max_length=4096)] = Field("", description="Why, in a sentence.")
    observed_generation: int = Field(0, ge=0, description="Generation that was looked at.")
    last_transition_time: datetime = Field(description="When the status last changed.")


class Stage(StrEnum):
    """What a run is busy with."""

    CHECK = "Check"
    DOWNLOAD = "Download"
    SFT = "SFT"
    REFERENCE = "Reference"
    TRAIN = "Train"
    EVALUATE = "Evaluate"
    PUBLISH = "Publish"
    DONE = "Done"


class Resolved(ApiModel):
    """What `check` found out, and what `train` starts from."""

    run_id: Text = Field(description="Identity of the run by content.")
    dataset_digest: Text = Field(description="Content digest of the cleaned pairs.")
    model_digest: Text = Field(description="Digest of the base model's files.")
    reference_digest: Text | None = Field(None, description="Digest of an own reference model.")
    sft_digest: Text | None = Field(None, description="Content digest of own demonstrations.")


class Run(ApiModel):
    """The run that the object stands at."""

    id: Text | None = Field(None, description="Identity by content, known after the check.")
    number: int = Field(ge=1, description="Runs of this object so far.")
    spec_hash: Text = Field(description="Hash of the part of the spec that decides the result.")
    stage: Stage = Field(description="What the run is busy with.")
    start_time: datetime | None = Field(None, description="When it started.")
    completion_time: datetime | None = Field(None, description="When it ended.")
    resolved: Resolved | None = Field(None, description="Digests that the check found.")
    dataset_changed_time: datetime | None = Field(
        None,
        description="When the dataset was found changed, which began this run; absent where the "
        "spec did.",
    )
    listing: Text | None = Field(
        None, description="Digest of the dataset's objects as they were listed before the check."
    )


class Progress(ApiModel):
    """How far the training is; written at most every 15 seconds."""

    stage: Stage = Field(Stage.CHECK, description="What the run is busy with.")
    step: int = Field(0, ge=0, description="Optimizer steps done in this stage.")
    steps: int = Field(0, ge=0, description="Optimizer steps of this stage.")
    percent: float = Field(0.0, ge=0, le=100, description="Share of the stage that is done.")
    seconds_left: float | None = Field(None, ge=0, description="Estimate for the stage.")
    loss: float | None = Field(None, description="Mean loss of the last logging interval.")
    reward_margin: float | None = Field(
        None, description="Mean reward of chosen less that of rejected answers."
    )
    reward_accuracy: float | None = Field(
        None, description="Share of pairs whose chosen answer has the higher reward."
    )
    tokens_per_second: float | None = Field(None, ge=0, description="Tokens without padding.")
    updated_at: datetime | None = Field(None, description="When these figures were taken.")


class DatasetStatus(ApiModel):
    """What the check found."""

    digest: Text = Field(description="Content digest of the cleaned pairs.")
    pairs: int = Field(ge=0, description="Training pairs.")
    evaluation_pairs: int = Field(ge=0, description="Held-out pairs.")
    dropped: int = Field(ge=0, description="Rows left out, for the reasons in the check report.")


class Checkpoint(ApiModel):
    """The newest complete checkpoint."""

    uri: Text = Field(description="Where it lies.")
    step: int = Field(ge=0, description="Optimizer steps that it holds.")


class Metrics(ApiModel):
    """Figures on the held-out pairs, each with its 95 % interval in the report."""

    accuracy: float | None = Field(None, description="By the implicit reward.")
    margin: float | None = Field(None, description="Mean implicit reward margin, in nats.")
    gain: float | None = Field(
        None, description="Accuracy by average log-probability less the base model's."
    )


class Result(ApiModel):
    """What the last finished run left."""

    model_uri: Text = Field(alias="modelURI", description="The published model.")
    report_uri: Text = Field(alias="reportURI", description="The report.")
    metrics: Metrics = Field(default_factory=Metrics, description="Figures of the evaluation.")


class Attempts(ApiModel):
    """Attempts of the current run that ended early."""

    failures: int = Field(0, ge=0, description="Those that count against restarts.failures.")
    preemptions: int = Field(0, ge=0, description="Those that count against preemptions.")


class HistoryEntry(ApiModel):
    """A finished run."""

    run_id: Text | None = Field(None, description="Identity by content, known after the check.")
    number: int = Field(ge=1, description="Its number.")
    reason: Text = Field(description="How it ended.")
    completion_time: datetime | None = Field(None, description="When it ended.")
    accuracy: float | None = Field(None, description="Accuracy on the held-out pairs.")


class PreferenceJobStatus(ApiModel):
    """What was observed."""

    observed_generation: int = Field(-1, description="Generation that was looked at last.")
    state: Text | None = Field(None, description="One word for people; programs read conditions.")
    conditions: Annotated[list[Condition], Field(max_length=16)] | None = Field(
        None,
        description="Conditions by type.",
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    )
    run: Run | None = Field(None, description="The run that the object stands at.")
    progress: Progress | None = Field(None, description="How far the training is.")
    dataset: DatasetStatus | None = Field(None, description="What the check found.")
    checkpoint: Checkpoint | None = Field(None, description="The newest complete checkpoint.")
    result: Result | None = Field(None, description="What the last finished run left.")
    attempts: Attempts | None = Field(None, description="Attempts that ended early.")
    history: Annotated[list[HistoryEntry], Field(max_length=50)] | None = Field(
        None, description="Finished runs, newest first."
    )
