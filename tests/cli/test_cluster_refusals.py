import json

import pytest

from preference_cli.cluster.refusals import Missing, Unavailable, refusal
from preference_cli.cluster.request import PODS, PREFERENCE_JOBS, Request
from preference_cli.errors import CommandError

GET = Request(verb="get", resource=PREFERENCE_JOBS, namespace="team", name="tiny")
LOG = Request(verb="get", resource=PODS, namespace="team", name="a", subresource="log")
LIST_ALL = Request(verb="list", resource=PREFERENCE_JOBS)
NO_PAGE = "404 page not found\n"


def body(message: str) -> str:
    return json.dumps({"kind": "Status", "message": message, "details": {}})


def denied(verb: str) -> str:
    return body(f'x is forbidden: User "ada" cannot {verb} resource "preferencejobs" in ...')


def refused(request: Request, status: int, answer: str) -> CommandError:
    return refusal(request, status=status, body=answer, context="prod")


@pytest.mark.parametrize(
    ("request_", "status", "answer", "message"),
    [
        (GET, 401, body("Unauthorized"), "does not take these credentials"),
        (
            GET,
            403,
            denied("get"),
            "ada may not get preferencejobs.preference.dev in namespace team of context prod",
        ),
        (
            LIST_ALL,
            403,
            denied("list"),
            "ada may not list preferencejobs.preference.dev in all namespaces of context prod",
        ),
        (LOG, 403, denied("get"), "ada may not get pods/log in namespace team"),
        (
            GET,
            404,
            body("not found"),
            "there is no PreferenceJob tiny in namespace team of context prod",
        ),
        (GET, 404, NO_PAGE, "the operator is not installed there"),
        (LOG, 404, body("not found"), "there is no Pod a in namespace team"),
        (
            GET,
            403,
            body("webhook says no"),
            "preferencejobs.preference.dev: webhook says no",
        ),
        (LOG, 400, body("waiting to start"), "refuses to get pods/log: waiting to start"),
        (GET, 422, denied("get"), "refuses to get preferencejobs.preference.dev: x is forbidden"),
        (GET, 503, "", "context prod does not answer: HTTP status 503"),
        (GET, 500, "[]", "does not answer: []"),
    ],
)
def test_an_answer_is_put_into_words(
    request_: Request, status: int, answer: str, message: str
) -> None:
    assert message in refused(request_, status, answer).message


@pytest.mark.parametrize(
    ("request_", "way_out"),
    [
        (GET, "kubectl auth can-i get preferencejobs.preference.dev -n team"),
        (LIST_ALL, "kubectl auth can-i list preferencejobs.preference.dev -A"),
        (LOG, "verb get on resource pods/log"),
    ],
)
def test_a_missing_right_can_be_asked_for(request_: Request, way_out: str) -> None:
    assert way_out in refused(request_, 403, denied(request_.verb)).remedy


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (404, body("not found"), Missing),
        (404, NO_PAGE, CommandError),
        (403, denied("get"), CommandError),
        (410, body("too old"), Unavailable),
        (429, body("slow down"), Unavailable),
        (502, "", Unavailable),
    ],
)
def test_what_may_change_by_itself_is_told_apart(
    status: int, answer: str, kind: type[CommandError]
) -> None:
    assert type(refused(GET, status, answer)) is kind
