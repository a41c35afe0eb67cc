"""The client of an S3 server, as a manifest's storage block describes it.

No redirect leads to another host. botocore follows no Location: it gives urllib3 no try to do so
with. A redirect of S3 means another region, for which botocore resolves the endpoint anew: that of
the manifest where it has one, else a host of AWS.
"""

from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.loaders import Loader, create_loader

from preference_api.v1alpha1.storage import Storage
from preference_trainer.storage.retries import TRIES

CONNECT_SECONDS = 10
READ_SECONDS = 60
_STYLES = {"Auto": "auto", "Path": "path", "Virtual": "virtual"}
_CHECKSUMS = {"WhenSupported": "when_supported", "WhenRequired": "when_required"}
_NOT_TOLD = 404


def open_client(storage: Storage, *, connections: int) -> Any:
    """A client of boto3; nothing is sent yet.

    Args:
        storage: Endpoint, region and dialect.
        connections: Most that are kept open.

    Raises:
        botocore.exceptions.BotoCoreError: The profile that the environment names does not exist.
    """
    # Not boto3.client, which keeps the first credentials that it found. Style "auto" means the path
    # wherever an endpoint is given, and the host name on AWS.
    config = Config(
        retries={"mode": "standard", "total_max_attempts": TRIES},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=connections,
        request_checksum_calculation=_CHECKSUMS[storage.checksums],
        response_checksum_validation=_CHECKSUMS[storage.checksums],
        s3={"addressing_style": _STYLES[storage.addressing]},
    )
    session = botocore.session.get_session()
    session.register_component("data_loader", _descriptions())
    client = boto3.session.Session(botocore_session=session).client(
        "s3", endpoint_url=storage.endpoint, region_name=storage.region, config=config
    )
    # Where a redirect names no region, botocore asks the bucket for it by HEAD. A server that
    # redirects everything redirects that, too, and botocore asks again until Python's stack ends.
    client.meta.events.register("before-call.s3.HeadBucket", _no_region)
    return client


@cache
def _descriptions() -> Loader:
    """What AWS' interfaces are, in megabytes of JSON that each session would read for itself."""
    return create_loader()


def _no_region(**_: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """The answer of a bucket that does not tell its region, instead of a request for it."""
    metadata = {"HTTPStatusCode": _NOT_TOLD, "HTTPHeaders": {}}
    told = {"Error": {"Code": str(_NOT_TOLD), "Message": ""}, "ResponseMetadata": metadata}
    return AWSResponse("", _NOT_TOLD, {}, None), told
