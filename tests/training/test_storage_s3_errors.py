"""Every answer of S3 that matters, and the error that a person reads."""

import pytest
from botocore import exceptions as boto

from preference_trainer.errors import StorageRefused, StorageUnavailable, TrainerError
from preference_trainer.storage.errors import Damaged, NotFound, PreconditionFailed
from preference_trainer.storage.s3_errors import translated

URI = "s3://pairs/a/b"
ANSWERS: list[tuple[str, int, type[TrainerError], str]] = [
    ("NoSuchKey", 404, NotFound, "model.uri"),
    ("404", 404, NotFound, "model.uri"),
    ("NoSuchBucket", 404, NotFound, "output.uri"),
    ("PreconditionFailed", 412, PreconditionFailed, "again"),
    ("ConditionalRequestConflict", 409, PreconditionFailed, "again"),
    ("AccessDenied", 403, StorageRefused, "storage.credentialsSecret"),
    ("InvalidAccessKeyId", 403, StorageRefused, "storage.credentialsSecret"),
    ("SignatureDoesNotMatch", 403, StorageRefused, "AWS_SECRET_ACCESS_KEY"),
    ("ExpiredToken", 400, StorageUnavailable, "storage.credentialsSecret"),
    ("ExpiredToken", 403, StorageUnavailable, "storage.credentialsSecret"),
    ("ExpiredTokenException", 400, StorageUnavailable, "identity of the service account"),
    ("IDPCommunicationError", 400, StorageUnavailable, "identity of the service account"),
    ("InvalidToken", 400, StorageRefused, "storage.credentialsSecret"),
    ("InvalidIdentityToken", 400, StorageRefused, "storage.credentialsSecret"),
    ("XAdminUserNotFound", 404, StorageRefused, "storage.credentialsSecret"),
    ("PermanentRedirect", 301, StorageRefused, "storage.region"),
    ("AuthorizationHeaderMalformed", 400, StorageRefused, "storage.region"),
    ("IllegalLocationConstraintException", 400, StorageRefused, "storage.region"),
    ("SlowDown", 503, StorageUnavailable, "storage.endpoint"),
    ("RequestTimeout", 400, StorageUnavailable, "storage.endpoint"),
    ("InternalError", 500, StorageUnavailable, "storage.endpoint"),
    ("", 502, StorageUnavailable, "storage.endpoint"),
    ("BadDigest", 400, Damaged, "again"),
    ("NotImplemented", 501, StorageRefused, "storage.checksums"),
    ("InvalidArgument", 400, StorageRefused, "storage.checksums"),
]


@pytest.mark.parametrize(("code", "status", "kind", "remedy"), ANSWERS)
def test_an_answer_in_the_words_of_a_manifest(
    code: str, status: int, kind: type[TrainerError], remedy: str
) -> None:
    answer = {
        "Error": {"Code": code, "Message": "no", "AWSAccessKeyId": "AKIA", "StringToSign": "AWS4"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    error = translated(boto.ClientError(answer, "GetObject"), URI)
    assert type(error) is kind
    assert URI in error.message
    assert remedy in error.remedy
    assert "AKIA" not in error.message
    assert "AWS4" not in error.message


FAILURES: list[tuple[boto.BotoCoreError, type[TrainerError], str]] = [
    (boto.NoCredentialsError(), StorageRefused, "AWS_ACCESS_KEY_ID"),
    (boto.PartialCredentialsError(provider="env", cred_var="x"), StorageRefused, "AWS_SECRET"),
    (
        boto.CredentialRetrievalError(provider="x", error_msg="y"),
        StorageUnavailable,
        "identity of the service account",
    ),
    (
        boto.TokenRetrievalError(provider="x", error_msg="y"),
        StorageUnavailable,
        "identity of the service account",
    ),
    (boto.ProfileNotFound(profile="x"), StorageRefused, "credentialsSecret"),
    (boto.EndpointConnectionError(endpoint_url="x"), StorageUnavailable, "storage.endpoint"),
    (boto.ConnectTimeoutError(endpoint_url="x"), StorageUnavailable, "storage.endpoint"),
    (boto.ReadTimeoutError(endpoint_url="x"), StorageUnavailable, "storage.endpoint"),
    (boto.ConnectionClosedError(endpoint_url="x"), StorageUnavailable, "storage.endpoint"),
    (boto.SSLError(endpoint_url="x", error="y"), StorageRefused, "AWS_CA_BUNDLE"),
    (boto.ParamValidationError(report="x"), StorageRefused, "URI"),
]


@pytest.mark.parametrize(("failure", "kind", "remedy"), FAILURES)
def test_a_failure_before_any_answer(
    failure: boto.BotoCoreError, kind: type[TrainerError], remedy: str
) -> None:
    error = translated(failure, URI)
    assert type(error) is kind
    assert URI in error.message
    assert remedy in error.remedy
