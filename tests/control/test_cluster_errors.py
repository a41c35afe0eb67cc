"""What an error of the API server means for the operator."""

import json

import pytest

from preference_operator.cluster_errors import (
    AlreadyExists,
    ClusterError,
    Conflict,
    NotFound,
    Refused,
    Unavailable,
    error_of,
)


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (400, "BadRequest", Refused),
        (401, "Unauthorized", Unavailable),
        (403, "Forbidden", Refused),
        (404, "NotFound", NotFound),
        (405, "MethodNotAllowed", Refused),
        (408, "", Unavailable),
        (409, "AlreadyExists", AlreadyExists),
        (409, "Conflict", Conflict),
        (409, "", Conflict),
        (410, "Expired", Unavailable),
        (413, "RequestEntityTooLarge", Refused),
        (422, "Invalid", Refused),
        (429, "TooManyRequests", Unavailable),
        (500, "InternalError", Unavailable),
        (503, "ServiceUnavailable", Unavailable),
        (504, "Timeout", Unavailable),
    ],
)
def test_what_an_answer_means(code: int, reason: str, error: type[ClusterError]) -> None:
    body = json.dumps({"message": "the words", "reason": reason}).encode()
    found = error_of(code, {}, body)
    assert (type(found), found.message, found.reason) == (error, "the words", reason)


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b'"text"', b"\xff", b""])
def test_answers_that_no_api_server_wrote(body: bytes) -> None:
    assert str(error_of(502, {}, body)) == (body.decode(errors="replace") or "HTTP 502")


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), (None, None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
def test_when_to_come_again(value: str | None, seconds: float | None) -> None:
    headers = {} if value is None else {"Retry-After": value}
    found = error_of(503, headers, b"{}")
    assert isinstance(found, Unavailable)
    assert found.retry_after == seconds
