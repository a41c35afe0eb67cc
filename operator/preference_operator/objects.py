"""A PreferenceJob as the operator reads it: typed where it can be, and never a reason to stop."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from pydantic import ValidationError

from preference_api.identity import run_hash, spec_hash
from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.status import (
    Condition,
    ConditionStatus,
    ConditionType,
    PreferenceJobStatus,
)
from preference_operator.conditions import find

Key = tuple[str, str]
"""Namespace and name of a PreferenceJob."""


SAME_RUN = "SameRun"
"""Reason of an object that waits for another one's training of the same run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One PreferenceJob at one resource version.

    spec: None where it cannot be read; `fault` then says why.
    spec_hash: Empty where there is no spec.
    stored: The status as it is stored, with whatever anybody wrote there.
    """

    key: Key
    uid: str
    resource_version: str
    generation: int
    deleting: bool
    created: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    spec: PreferenceJobSpec | None
    spec_hash: str
    fault: str
    status: PreferenceJobStatus
    stored: Mapping[str, Any]

    @property
    def end(self) -> Condition | None:
        """How the run for this spec ended, as the top condition tells; None where it has not.

        None too where that condition tells of another spec, which was refused since. A spec that
        this operator cannot read is the one that ran where nobody edited it since the end.
        """
        run, conditions = self.status.run, self.status.conditions
        end = find(conditions, ConditionType.SUCCEEDED)
        if run is None or run.completion_time is None or end is None:
            return None
        accepted = find(conditions, ConditionType.ACCEPTED)
        refused = accepted is not None and accepted.status is ConditionStatus.FALSE
        if refused or end.status is ConditionStatus.UNKNOWN:
            return None
        unread = self.spec is None and end.observed_generation == self.generation
        return end if unread or run.spec_hash == self.spec_hash else None

    @property
    def run_hash(self) -> str:
        """The hash in the names of the children that the spec asks for now."""
        run = self.status.run
        current = run is not None and run.spec_hash == self.spec_hash
        return run_hash(run) if run is not None and current else self.spec_hash

    @property
    def waits_for_same_run(self) -> bool:
        """Whether it was waiting for another object's training of the same run."""
        conditions = self.status.conditions or ()
        return any(one.reason == SAME_RUN for one in conditions if one.type == "Succeeded")

    def at_version(self, resource_version: str) -> Self:
        """The same object after a write."""
        return replace(self, resource_version=resource_version)


def read_job(body: Mapping[str, Any]) -> Job:
    """Read the object as the API server sent it.

    What cannot be read of the status is left out: it is the operator's own, and is written anew.
    """
    metadata = body["metadata"]
    spec, fault = _spec(body.get("spec"))
    stored = body.get("status")
    return Job(
        key=(metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        deleting="deletionTimestamp" in metadata,
        created=metadata.get("creationTimestamp", ""),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        spec=spec,
        spec_hash=spec_hash(spec) if spec else "",
        fault=fault,
        status=_status(stored),
        stored=stored if isinstance(stored, dict) else {},
    )


def _spec(raw: Any) -> tuple[PreferenceJobSpec | None, str]:
    try:
        return PreferenceJobSpec.model_validate(raw), ""
    except ValidationError as error:
        faults = (_sentence(fault["loc"], fault["msg"]) for fault in error.errors()[:8])
        return None, "; ".join(faults)


def _sentence(place: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, ('spec', *place)))}: {message}"


def _status(raw: Any) -> PreferenceJobStatus:
    """The status; parts of it that cannot be read are left out."""
    raw = raw if isinstance(raw, dict) else {}
    try:
        return PreferenceJobStatus.model_validate(raw)
    except ValidationError as error:
        unreadable = {fault["loc"][0] for fault in error.errors()}
        return _status({name: part for name, part in raw.items() if name not in unreadable})
