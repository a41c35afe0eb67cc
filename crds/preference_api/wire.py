"""What the operator, the command line and the trainer say to each other."""

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Self

from pydantic import Field

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.status import Checkpoint, Metrics, Progress, Resolved, Text

RUN_VARIABLE = "PREFERENCE_RUN"
"""Environment variable with the run document as JSON."""
PORT_VARIABLE = "PREFERENCE_PORT"
"""Environment variable with the port of `GET /progress`; nothing listens where it is unset."""
TERMINATION_VARIABLE = "PREFERENCE_TERMINATION_LOG"
"""Environment variable with the path of the termination message."""
TERMINATION_PATH = "/dev/termination-log"
TERMINATION_BYTES = 4096
"""Kubernetes keeps so much of a container's termination message."""
JOB_UID_LABEL = "preference.dev/job-uid"
"""Label of a child Job and its pods: the uid of their PreferenceJob."""
STAGE_LABEL = "preference.dev/stage"
"""Label of a child Job and its pods: `check`, `train` or `list`."""
RUN_LABEL = "preference.dev/run"
"""Label of a child Job and its pods: the hash of the run that they work for."""
COMMIT_ANNOTATION = "preference.dev/commit"
"""Annotation of a PreferenceJob: the commit that its manifest came from."""
REPOSITORY_ANNOTATION = "preference.dev/repository"
"""Annotation of a PreferenceJob: the repository that its manifest came from."""
CLAIMS_FOLDER = "/claims"
"""Where the pod sees its persistent volume claims: pvc://NAME/path is /claims/NAME/path."""


ELSEWHERE = frozenset({"Superseded", "TrainedElsewhere"})
"""Reasons of a training that another attempt, which is none of its own, has kept from its run."""


class ExitCode(IntEnum):
    """How a trainer process ends. Anything else is an unexpected failure, which counts."""

    DONE = 0
    BAD_CONFIGURATION = 2
    BAD_DATA = 3
    STORAGE_REFUSED = 4
    STORAGE_UNAVAILABLE = 5
    DIVERGED = 6
    STOPPED_EARLY = 75


class Origin(ApiModel):
    """Where the manifest came from, for the lineage."""

    commit: Annotated[str, Field(max_length=128)] | None = Field(
        None, description="Commit of the repository that held the manifest."
    )
    repository: Annotated[str, Field(max_length=512)] | None = Field(
        None, description="Repository that held the manifest."
    )


class RunDocument(ApiModel):
    """Everything that a trainer process is told; the same in a pod and on a laptop."""

    name: str = Field(description="Name of the PreferenceJob.")
    namespace: str = Field("default", description="Its namespace.")
    uid: str = Field("", description="Its uid; empty where no cluster holds it.")
    spec: PreferenceJobSpec = Field(description="Its spec.")
    local: bool = Field(
        False, description="True where file:// locations of this machine are allowed."
    )
    resolved: Resolved | None = Field(None, description="Absent for `check`.")
    origin: Origin = Field(default_factory=Origin, description="Where the manifest came from.")


class LiveProgress(Progress):
    """What `GET /progress` of a trainer process answers."""

    checkpoint: Checkpoint | None = Field(None, description="Newest complete checkpoint.")


class CheckSummary(ApiModel):
    """The verdict of `check`, small enough for a termination message."""

    resolved: Resolved = Field(description="Identity and digests.")
    reused: bool = Field(description="True where the bucket already holds the run's result.")
    elsewhere: bool = Field(
        False, description="True where the run is worked on for somebody else, say another cluster."
    )
    pairs: int = Field(ge=0, description="Training pairs.")
    evaluation_pairs: int = Field(ge=0, description="Held-out pairs.")
    dropped: int = Field(ge=0, description="Rows left out.")
    warnings: Annotated[list[str], Field(max_length=8)] = Field(
        default_factory=list, description="The most important findings, a sentence each."
    )
    report_uri: str | None = Field(None, description="Where the whole report lies.")
    memory_bytes: int | None = Field(None, description="Estimated device memory of the training.")
    tokens: int | None = Field(None, description="Tokens of one epoch, each prompt once.")


class TrainSummary(ApiModel):
    """What `train` left behind."""

    run_id: str = Field(description="Identity of the run.")
    model_uri: Text = Field(description="The published model.")
    report_uri: Text = Field(description="The report.")
    metrics: Metrics = Field(description="Figures of the evaluation.")
    headline: str = Field(description="How much better the model is, in a sentence.")
    promoted: bool = Field(True, description="False where the gate kept it back.")
    gate_message: str = Field("", description="Why the gate decided so.")

    def promoted_as(self, promoted: bool, message: str) -> Self:
        """The same result with another verdict of the gate."""
        return self.model_copy(update={"promoted": promoted, "gate_message": message})


class TerminationMessage(ApiModel):
    """The last word of a trainer process, at most 4 KiB of JSON."""

    exit_code: int = Field(description="As ExitCode.")
    reason: str = Field(description="One word, CamelCase.")
    message: str = Field("", description="A sentence that names the field or row.")
    remedy: str = Field("", description="The way out.")
    step: int | None = Field(None, ge=0, description="Optimizer steps that are saved.")
    checkpoint_uri: Text | None = Field(None, description="Newest complete checkpoint.")
    check: CheckSummary | None = Field(None, description="Of a check that went well.")
    result: TrainSummary | None = Field(
        None, description="Of a training that went well, or of the run that is used again."
    )
    listing: Text | None = Field(
        None, description="Digest of the names, sizes and versions of the dataset's objects."
    )
    progress: Progress | None = Field(None, description="Where the process stood.")
    time: datetime | None = Field(None, description="When it was written.")
