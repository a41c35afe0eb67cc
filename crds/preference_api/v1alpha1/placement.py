"""Where and when pods run: resources, restarts and retraining."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from preference_api.v1alpha1.base import (
    LABEL_KEY_PATTERN,
    ApiModel,
    LabelKey,
    LabelValue,
    Name,
    Quantity,
    cel,
    cel_rules,
)
from preference_api.v1alpha1.cron import CRON_PATTERN

# A structural schema has no place for a pattern of keys.
_LABEL_KEYS = cel(
    f"self.all(key, size(key) <= 317 && key.matches('{LABEL_KEY_PATTERN}'))",
    "keys have to be label keys: name or prefix/name",
)

# Pods are refused where the name of an extended resource has no domain.
ResourceName = Annotated[
    str,
    Field(
        max_length=317,
        pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    ),
]


class Strategy(StrEnum):
    """How several devices share the work: a whole copy each (DDP) or shards (FSDP)."""

    DDP = "DDP"
    FSDP = "FSDP"


class TolerationOperator(StrEnum):
    """As core/v1 Toleration."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    """As core/v1 Toleration."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(ApiModel):
    """As core/v1 Toleration."""

    model_config = cel_rules(
        cel("self.operator != 'Exists' || !has(self.value)", "operator Exists takes no value"),
        cel("has(self.key) || self.operator == 'Exists'", "without key operator has to be Exists"),
        cel(
            "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            "tolerationSeconds needs effect NoExecute",
        ),
    )
    key: LabelKey | None = Field(None, description="Taint key; every key where absent.")
    operator: TolerationOperator = Field(
        TolerationOperator.EQUAL, description="How the value is compared."
    )
    value: LabelValue | None = Field(None, description="Taint value.")
    effect: TaintEffect | None = Field(None, description="Taint effect; all where absent.")
    toleration_seconds: int | None = Field(None, ge=0, description="As core/v1 Toleration.")


class Resources(ApiModel):
    """What a training pod asks for."""

    gpus: int = Field(
        1,
        ge=0,
        le=64,
        description="Devices a node; 0 trains on the processor. Training uses one so far: the "
        "check refuses more.",
    )
    gpu_resource: ResourceName = Field(
        "nvidia.com/gpu", description="Name of the extended resource that a device is."
    )
    cpu: Quantity | None = Field(
        None, description="Processor request and limit; none where absent."
    )
    memory: Quantity | None = Field(
        None, description="Memory request and limit; none where absent."
    )
    shared_memory: Quantity | None = Field(
        None, description="Size of /dev/shm, in memory; counts towards memory."
    )
    node_selector: Annotated[dict[str, LabelValue], Field(max_length=16)] | None = Field(
        None,
        description="Labels that the node has to carry.",
        json_schema_extra={"x-kubernetes-validations": [_LABEL_KEYS]},
    )
    tolerations: Annotated[list[Toleration], Field(max_length=16)] | None = Field(
        None, description="Taints that the pods tolerate."
    )
    priority_class_name: Name | None = Field(None, description="PriorityClass of the pods.")
    service_account_name: Name | None = Field(
        None, description="Service account of the pods, for the bucket's sake (web identity)."
    )
    nodes: int = Field(
        1,
        ge=1,
        le=64,
        description="Pods that train together. Training uses one so far: the check refuses more.",
    )
    strategy: Strategy = Field(Strategy.DDP, description="How several devices share the work.")


class Restarts(ApiModel):
    """How often a run is tried again."""

    failures: int = Field(3, ge=0, le=100, description="Failures that are retried.")
    preemptions: int = Field(
        1000, ge=0, le=100000, description="Preemptions and evictions that are retried."
    )


class Concurrency(StrEnum):
    """What becomes of a running training when its spec changes: Forbid waits, Replace stops it."""

    FORBID = "Forbid"
    REPLACE = "Replace"


class Retrain(ApiModel):
    """When a finished job trains again by itself."""

    model_config = cel_rules(
        cel("!has(self.timeZone) || has(self.schedule)", "timeZone needs schedule"),
    )
    schedule: Annotated[str, Field(max_length=128, pattern=CRON_PATTERN)] | None = Field(
        None,
        description="Cron expression of five fields: when the dataset is looked at, and trained on "
        "where it changed.",
    )
    time_zone: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")] | None = Field(
        None, description="IANA time zone of the schedule, UTC where absent."
    )
    when_dataset_changes: bool = Field(
        False,
        description="Look at the dataset every checkEveryMinutes, and train again where the "
        "objects behind it changed.",
    )
    check_every_minutes: int = Field(
        60, ge=1, le=10080, description="Pause between two looks at the dataset, without a device."
    )
    concurrency: Concurrency = Field(
        Concurrency.REPLACE, description="What becomes of a running training."
    )
    nonce: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._-]+$")] | None = Field(
        None,
        description="Letters, digits, '.', '_' and '-', 64 at most; a new one asks for a new run "
        "on purpose.",
    )
    history_limit: int = Field(10, ge=1, le=50, description="Finished runs that status remembers.")
