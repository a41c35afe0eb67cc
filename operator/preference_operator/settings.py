"""The operator's own options, read from the environment once."""

import re
import socket
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from preference_api.v1alpha1.base import Name, Quantity

PREFIX = "PREFERENCE_OPERATOR_"
KUBECONFIG_VARIABLE = "KUBECONFIG"
ACCOUNT_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes mounts a pod's service account."""

Text = Annotated[str, Field(min_length=1)]
NamespaceName = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class SettingsError(Exception):
    """Variables that cannot be used, each with its name and what is wrong."""


class Settings(BaseModel):
    """The operator's options; the field `workers` is the variable PREFERENCE_OPERATOR_WORKERS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trainer_image: Text = Field(
        default_factory=lambda: f"preference-trainer:{version('preference-operator')}",
        description="Image of training pods, where a PreferenceJob names none.",
    )
    allowed_images: tuple[Text, ...] = Field(
        (),
        description="Images that a PreferenceJob may name, separated by commas; * as a wildcard. "
        "The trainer image is always allowed.",
    )
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        "IfNotPresent", description="Pull policy of training pods."
    )
    trainer_account: Name | None = Field(
        None,
        description="Service account of training and check pods, where a PreferenceJob names none. "
        "It has to exist in every namespace that has PreferenceJobs.",
    )
    trainer_port: Port = Field(8080, description="Port of a training pod's progress.")
    check_cpu: Quantity = Field("1", description="Processor request of check pods.")
    check_memory: Quantity = Field("2Gi", description="Memory request and limit of check pods.")
    stop_seconds: int = Field(
        300, ge=1, description="Seconds that a training pod gets for its last checkpoint."
    )
    namespaces: tuple[NamespaceName, ...] = Field(
        (), description="Namespaces to watch, separated by commas; all where empty."
    )
    workers: int = Field(8, ge=1, le=256, description="PreferenceJobs worked on at a time.")
    progress_seconds: Seconds = Field(
        15, description="Seconds between two looks at the progress of a training."
    )
    resync_seconds: Seconds = Field(
        300, description="Seconds after which every PreferenceJob is looked at again."
    )
    watch_seconds: Seconds = Field(
        70,
        description="Seconds of silence after which a watch counts as broken; the API server says "
        "something every minute.",
    )
    identity: Text = Field(
        default_factory=socket.gethostname,
        description="Name of this process in the election; no two processes may share one.",
    )
    lease_namespace: NamespaceName = Field("default", description="Namespace of the Lease.")
    lease_name: Name = Field("preference-operator", description="Name of the Lease.")
    lease_seconds: int = Field(
        15, ge=1, description="Seconds without renewal after which another process may lead."
    )
    renew_seconds: Seconds = Field(
        10, description="Seconds without renewal after which this process stops leading."
    )
    retry_seconds: Seconds = Field(2, description="Seconds between two looks at the Lease.")
    health_port: int = Field(
        8081,
        ge=0,
        le=65535,
        description="Port of /healthz, /readyz and /metrics; 0 takes a free one.",
    )
    metrics_jobs: int = Field(
        2000,
        ge=0,
        description="PreferenceJobs that have series of their own in /metrics; where there are "
        "more, those that are not over come first, then the newest.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important lines that are logged."
    )
    kubeconfig: Text | None = Field(
        None,
        description="Files that lead to the API server, as in KUBECONFIG; the pod's service "
        "account where absent.",
    )

    @field_validator("allowed_images", "namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))

    @model_validator(mode="after")
    def _check_election(self) -> Self:
        if not self.retry_seconds < self.renew_seconds < self.lease_seconds:
            times = ", ".join(f"{PREFIX}{name}_SECONDS" for name in ("RETRY", "RENEW", "LEASE"))
            raise ValueError(f"{times} have to grow in this order")
        return self


def read_settings(
    environment: Mapping[str, str], *, account_folder: Path = ACCOUNT_FOLDER
) -> Settings:
    """The settings that an environment describes; an empty variable counts as unset.

    Other variables with the prefix are ignored: Kubernetes itself sets some, for every Service
    whose name begins like the operator's.

    Raises:
        SettingsError: Some variables cannot be used; all of them are named.
    """
    given = {
        name: environment[variable(name)]
        for name in Settings.model_fields
        if environment.get(variable(name))
    }
    try:
        return Settings.model_validate(_own_namespace(account_folder) | given)
    except ValidationError as error:
        faults = [_sentence(fault) for fault in error.errors(include_url=False)]
        raise SettingsError("\n".join(faults)) from error


def image_allowed(image: str, settings: Settings) -> bool:
    """Whether a PreferenceJob may name an image; it is compared as it is written.

    `*` stands for any characters but a slash, so a wildcard in a host name never reaches into
    another host's paths. Alone, or at the end of a pattern with a slash, it stands for everything.
    """
    return image == settings.trainer_image or any(
        re.fullmatch(_expression(pattern), image) for pattern in settings.allowed_images
    )


def _expression(pattern: str) -> str:
    everything = pattern.endswith("*") and (pattern == "*" or "/" in pattern)
    body = pattern[:-1] if everything else pattern
    parts = r"[^/\s]*".join(re.escape(part) for part in body.split("*"))
    return parts + (r"\S*" if everything else "")


def _own_namespace(account_folder: Path) -> dict[str, str]:
    try:
        return {"lease_namespace": (account_folder / "namespace").read_text().strip()}
    except OSError:
        return {}


def variable(field: str) -> str:
    """The environment variable of a field."""
    return KUBECONFIG_VARIABLE if field == "kubeconfig" else PREFIX + field.upper()


def _sentence(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return message
    return f"{variable(str(fault['loc'][0]))}={fault['input']!r}: {message}"
