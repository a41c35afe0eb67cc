"""What botocore raises, in the words of a manifest."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as boto

from preference_trainer.errors import StorageRefused, StorageUnavailable, TrainerError
from preference_trainer.storage.errors import (
    Damaged,
    Interrupted,
    NotFound,
    object_missing,
    written_before,
)

_MISSING = ("NoSuchKey", "NotFound", "404")
_TOO_LATE = ("PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "412")
_WRONG_REGION = (
    *("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"),
    "IllegalLocationConstraintException",
)
_SPOILT = (
    "BadDigest",
    "XAmzContentSHA256Mismatch",
    "XAmzContentChecksumMismatch",
    "IncompleteBody",
)
_BUSY = ("SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "Throttling", "TooManyRequests")
_BAD_TOKEN = ("InvalidToken", "InvalidIdentityToken")
_NO_IDENTITY_NOW = ("ExpiredToken", "ExpiredTokenException", "IDPCommunicationError")
"""Answers that end by themselves: a pod that starts anew is given a new token."""
_UNKNOWN_KEY = "XAdminUserNotFound"
"""What versitygw answers, with status 404, where it does not know the access key."""
_IDENTITY = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ProfileNotFound,
    boto.UnauthorizedSSOTokenError,
)
_IDENTITY_LATE = (boto.CredentialRetrievalError, boto.TokenRetrievalError)
_BROKEN_BODY = (
    boto.IncompleteReadError,
    boto.ResponseStreamingError,
    boto.ReadTimeoutError,
    boto.FlexibleChecksumError,
)


@contextmanager
def s3_errors(uri: str) -> Iterator[None]:
    """Turns what a request raises into a TrainerError that names the URI."""
    try:
        yield
    except (boto.ClientError, boto.BotoCoreError) as error:
        raise translated(error, uri) from error


@contextmanager
def body_errors(uri: str) -> Iterator[None]:
    """Turns what reading the body of an answer raises into Interrupted."""
    try:
        yield
    except _BROKEN_BODY as error:
        raise Interrupted(
            f"{uri}: the storage broke off: {error}", remedy="Try again; look at the network."
        ) from error


def translated(error: boto.ClientError | boto.BotoCoreError, uri: str) -> TrainerError:
    """The TrainerError for an error of botocore. No secret is ever part of it."""
    if isinstance(error, boto.ClientError):
        return _answered(error, uri)
    if isinstance(error, _IDENTITY_LATE):
        return _no_identity_now(uri, str(error))
    if isinstance(error, _IDENTITY):
        return _no_right(uri, str(error))
    if isinstance(error, boto.SSLError):
        return StorageRefused(
            f"{uri}: {error}",
            remedy="Let storage.endpoint name a server whose certificate is trusted, or name its "
            "authority in AWS_CA_BUNDLE.",
        )
    if isinstance(error, (boto.ConnectionError, boto.HTTPClientError)):
        return _unavailable(uri, str(error))
    return StorageRefused(f"{uri}: {error}", remedy="Correct the URI or the storage block.")


def _answered(error: boto.ClientError, uri: str) -> TrainerError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    said = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
    if code == "NoSuchBucket":
        return _bucket_missing(uri)
    if code in _MISSING:
        return object_missing(uri)
    if code in _TOO_LATE or status in (409, 412):
        return written_before(uri)
    if code in _WRONG_REGION:
        return _wrong_region(uri, said)
    if 300 <= status < 400:
        return _redirected(uri, said)
    if code in _SPOILT:
        return Damaged(f"{uri} was spoilt on its way ({said})", remedy="Try again.")
    if code in _NO_IDENTITY_NOW:
        return _no_identity_now(uri, said)
    if code in _BUSY or status == 429 or (status >= 500 and status != 501):
        return _unavailable(uri, said)
    return _refused(uri, said, status, code)


def _refused(uri: str, said: str, status: int, code: str) -> TrainerError:
    if status in (401, 403) or code in (*_BAD_TOKEN, _UNKNOWN_KEY):
        return _no_right(uri, said)
    return StorageRefused(
        f"{uri}: the storage refused ({said})",
        remedy="If the server is not AWS, try storage.checksums: WhenRequired, and "
        "storage.addressing: Path.",
    )


def _bucket_missing(uri: str) -> NotFound:
    bucket = uri.removeprefix("s3://").partition("/")[0]
    return NotFound(
        f"the bucket {bucket} of {uri} does not exist",
        remedy="Create the bucket, or correct the field that names it (model.uri, dataset.uri or "
        "output.uri) or storage.endpoint.",
        reason="NoSuchBucket",
    )


def _no_right(uri: str, said: str) -> StorageRefused:
    return StorageRefused(
        f"no right to {uri} ({said})",
        remedy="Let storage.credentialsSecret name a Secret with a valid AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or give the service account an identity, that may list, read and "
        "write there.",
        reason="AccessDenied",
    )


def _no_identity_now(uri: str, said: str) -> StorageUnavailable:
    return StorageUnavailable(
        f"no valid credentials for {uri} at this time ({said})",
        remedy="Try again; if it stays so, renew the Secret that storage.credentialsSecret names, "
        "or look at the identity of the service account.",
    )


def _wrong_region(uri: str, said: str) -> StorageRefused:
    return StorageRefused(
        f"the bucket of {uri} is in another region ({said})",
        remedy="Set storage.region to the region of the bucket.",
        reason="WrongRegion",
    )


def _redirected(uri: str, said: str) -> StorageRefused:
    return StorageRefused(
        f"{uri}: the server sends requests elsewhere ({said}), which is not followed",
        remedy="Let storage.endpoint name the server itself, with the scheme that it speaks; where "
        "it is the right one, set storage.region to the region of the bucket.",
        reason="Redirected",
    )


def _unavailable(uri: str, said: str) -> StorageUnavailable:
    return StorageUnavailable(
        f"{uri}: the storage does not answer ({said})",
        remedy="Try again; if it stays so, look at storage.endpoint and the network between.",
    )
