"""How the bucket is reached."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel, Name


class Addressing(StrEnum):
    """Form of the bucket in a request: in the path, in the host name, or as boto3 decides."""

    AUTO = "Auto"
    PATH = "Path"
    VIRTUAL = "Virtual"


class Checksums(StrEnum):
    """When requests carry an additional checksum.

    WhenSupported: with every request that can carry one.
    WhenRequired: only where the request demands it; for servers that predate the checksums (MinIO
        before 2025-01, Ceph, OBS), https://github.com/boto/boto3/issues/4392.
    """

    WHEN_SUPPORTED = "WhenSupported"
    WHEN_REQUIRED = "WhenRequired"


class SecretReference(ApiModel):
    """A Secret in the namespace of the PreferenceJob."""

    name: Name = Field(description="Name of the Secret.")


class Storage(ApiModel):
    """S3-compatible storage; everything absent means AWS with the pod's own identity."""

    endpoint: Annotated[str, Field(max_length=512, pattern=r"^https?://[^\s/?#@]+/?$")] | None = (
        Field(None, description="URL of the S3 server, AWS where absent.")
    )
    region: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9-]+$")] | None = Field(
        None, description="Region of the bucket."
    )
    addressing: Addressing = Field(Addressing.AUTO, description="Form of the bucket in a request.")
    checksums: Checksums = Field(
        Checksums.WHEN_SUPPORTED, description="When requests carry an additional checksum."
    )
    credentials_secret: SecretReference | None = Field(
        None,
        description="Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and where needed "
        "AWS_SESSION_TOKEN and HF_TOKEN; the service account's own identity where absent.",
    )
