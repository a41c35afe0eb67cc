"""`PreferenceJob` of `preference.dev/v1alpha1`: spec and status as frozen values.

A default never changes within an API version: the identity of a run leaves defaults out.
"""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from preference_api.v1alpha1.base import ApiModel, LabelKey, LabelValue, cel, cel_rules
from preference_api.v1alpha1.spec import PreferenceJobSpec
from preference_api.v1alpha1.status import PreferenceJobStatus

GROUP = "preference.dev"
VERSION = "v1alpha1"
KIND: Final = "PreferenceJob"
API_VERSION: Final = "preference.dev/v1alpha1"

DNSLabel = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]


class ObjectMeta(ApiModel):
    """The part of meta/v1 ObjectMeta that a manifest needs; the rest is carried and ignored."""

    model_config = ConfigDict(extra="ignore")

    name: DNSLabel = Field(description="Name of the object.")
    namespace: DNSLabel = Field("default", description="Namespace of the object.")
    uid: str | None = Field(None, description="Set by the API server.")
    generation: int | None = Field(None, description="Set by the API server.")
    labels: dict[LabelKey, LabelValue] | None = Field(None, description="Labels.")
    annotations: dict[str, str] | None = Field(None, description="Annotations.")


class PreferenceJob(ApiModel):
    """A model aligned to pairs of answers, by DPO or ORPO."""

    model_config = cel_rules(
        cel(
            "size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')",
            "metadata.name may have 63 characters and no dot: pods and services are named after it",
        )
    )
    api_version: Literal["preference.dev/v1alpha1"] = Field(API_VERSION, description="API version.")
    kind: Literal["PreferenceJob"] = Field(KIND, description="Kind.")
    metadata: ObjectMeta = Field(description="Name, namespace, labels.")
    spec: PreferenceJobSpec = Field(description="What is wanted.")
    status: PreferenceJobStatus | None = Field(None, description="What was observed.")


__all__ = [
    "API_VERSION",
    "GROUP",
    "KIND",
    "VERSION",
    "ObjectMeta",
    "PreferenceJob",
    "PreferenceJobSpec",
    "PreferenceJobStatus",
]
