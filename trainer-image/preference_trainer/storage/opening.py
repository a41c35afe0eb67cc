"""From a URI to a location."""

from preference_api.v1alpha1.storage import Storage
from preference_trainer.errors import ConfigurationError
from preference_trainer.metrics import Metrics
from preference_trainer.storage.location import Location

FORMS = (
    "s3://bucket/prefix, hf://org/name@revision, hf://datasets/org/name@revision, pvc://claim/path"
)


def open_location(
    uri: str, storage: Storage, *, local: bool = False, metrics: Metrics | None = None
) -> Location:
    """The location that a URI names.

    Nothing is asked of S3 yet; the hub is asked for the commit of the revision, which every later
    request then names.

    Args:
        uri: One of the forms s3://, hf://, pvc://, and file:// in local runs.
        storage: How S3 is reached; credentials come from boto3's own chain.
        local: Whether files of this machine may be named.
        metrics: Where requests to S3 are counted; nowhere, where absent.

    Raises:
        ConfigurationError: The URI has none of these forms.
        StorageRefused: A file:// URI outside a local run, a claim that is not mounted, or a hub
            that says no.
        StorageUnavailable: The hub does not answer.
    """
    # Each kind of storage brings its own client library, which a job with the others never loads.
    scheme, _, rest = uri.partition("://")
    match scheme:
        case "s3":
            from preference_trainer.storage import s3

            return s3.open_s3(rest, storage, metrics=metrics)
        case "hf":
            from preference_trainer.storage import hub

            return hub.open_hub(rest)
        case "pvc" | "file":
            from preference_trainer.storage import local as folders

            return folders.open_claim(rest) if scheme == "pvc" else folders.open_file(rest, local)
    forms = f"{FORMS}, file:///folder" if local else FORMS
    raise ConfigurationError(f"{uri!r} is no location", remedy=f"Use one of: {forms}.")
