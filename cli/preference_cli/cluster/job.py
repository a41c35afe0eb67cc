"""A PreferenceJob as far as it is shown: a reader of what the API server sends.

What is absent, unknown or cannot be read is passed over, so that command line, operator and
installed kind need not be of one version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator
from pydantic.alias_generators import to_camel
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from preference_api.v1alpha1 import status as api

_Part_ = TypeVar("_Part_")


def _readable(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


Readable = Annotated[_Part_ | None, WrapValidator(_readable)]
"""The value, or None where it cannot be read."""


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class Condition(_Part):
    """As meta/v1 Condition."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    observed_generation: int = 0


class Resolved(_Part):
    """Digests that the check found."""

    dataset_digest: str = ""
    model_digest: str = ""
    reference_digest: str | None = None
    sft_digest: str | None = None


class Run(_Part):
    """The run that the object stands at."""

    id: str = ""
    number: int | None = None
    spec_hash: str = ""
    stage: str = ""
    start_time: datetime | None = None
    completion_time: datetime | None = None
    resolved: Readable[Resolved] = None
    dataset_changed_time: datetime | None = None


class Progress(api.Progress):
    """How far the training is."""

    model_config = ConfigDict(extra="ignore")


class Dataset(_Part):
    """What the check found."""

    pairs: int = 0
    evaluation_pairs: int = 0
    dropped: int = 0


class Checkpoint(_Part):
    """The newest complete checkpoint."""

    uri: str
    step: int | None = None


class Metrics(_Part):
    """Figures on the held-out pairs."""

    accuracy: float | None = None
    margin: float | None = None
    gain: float | None = None


class Result(_Part):
    """What the last finished run left."""

    model_uri: str = Field("", alias="modelURI")
    report_uri: str = Field("", alias="reportURI")
    metrics: Metrics = Metrics()


class Attempts(_Part):
    """Attempts of the run that ended early."""

    failures: int = 0
    preemptions: int = 0


class HistoryEntry(_Part):
    """A finished run."""

    run_id: str = ""
    number: int | None = None
    reason: str = ""
    completion_time: datetime | None = None
    accuracy: float | None = None


class Status(_Part):
    """What the operator observed."""

    observed_generation: Readable[int] = None
    state: Readable[str] = None
    conditions: Readable[tuple[Condition, ...]] = None
    run: Readable[Run] = None
    progress: Readable[Progress] = None
    dataset: Readable[Dataset] = None
    checkpoint: Readable[Checkpoint] = None
    result: Readable[Result] = None
    attempts: Readable[Attempts] = None
    history: Readable[tuple[HistoryEntry, ...]] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A PreferenceJob at one version."""

    namespace: str
    name: str
    uid: str
    generation: int
    created: datetime
    spec: Mapping[str, Any]
    status: Status

    def condition(self, kind: str) -> Condition | None:
        """The condition of that type."""
        return next((one for one in self.status.conditions or () if one.type == kind), None)

    @property
    def visited(self) -> bool:
        """Whether the operator has ever looked at it."""
        return self.status.observed_generation not in (None, -1)

    @property
    def seen(self) -> bool:
        """Whether the operator has looked at the newest spec."""
        return (self.status.observed_generation or 0) >= self.generation

    @property
    def succeeded(self) -> bool | None:
        """Whether the newest spec has succeeded or failed; None while that is open."""
        top = self.condition(api.ConditionType.SUCCEEDED)
        if not self.seen or top is None:
            return None
        return {"True": True, "False": False}.get(top.status)

    @property
    def suspended(self) -> bool:
        """Whether its pods are to be stopped."""
        return self.spec.get("suspend") is True

    @property
    def state(self) -> str:
        """One word for people."""
        return self.status.state or "Pending"


def read_job(wire: Mapping[str, Any]) -> Job:
    """Read the object as the API server sent it."""
    metadata = wire["metadata"]
    return Job(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        created=datetime.fromisoformat(metadata["creationTimestamp"]),
        spec=wire.get("spec") or {},
        status=Status.model_validate(wire.get("status") or {}),
    )
