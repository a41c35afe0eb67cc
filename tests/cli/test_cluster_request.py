import pytest

from preference_cli.cluster.request import EVENTS, JOBS, NAMESPACES, PODS, PREFERENCE_JOBS, Request

ROOT = "/apis/preference.dev/v1alpha1"


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (Request(verb="list", resource=PREFERENCE_JOBS), f"{ROOT}/preferencejobs"),
        (
            Request(verb="get", resource=PREFERENCE_JOBS, namespace="team", name="tiny"),
            f"{ROOT}/namespaces/team/preferencejobs/tiny",
        ),
        (
            Request(verb="get", resource=PODS, namespace="team", name="a", subresource="log"),
            "/api/v1/namespaces/team/pods/a/log",
        ),
        (Request(verb="list", resource=JOBS, namespace="a"), "/apis/batch/v1/namespaces/a/jobs"),
        (Request(verb="list", resource=NAMESPACES), "/api/v1/namespaces"),
        (
            Request(verb="get", resource=PODS, namespace="../x", name="a/b?c"),
            "/api/v1/namespaces/..%2Fx/pods/a%2Fb%3Fc",
        ),
    ],
)
def test_the_path_names_what_is_asked_for(request_: Request, path: str) -> None:
    assert request_.path == path


@pytest.mark.parametrize(
    ("request_", "right"),
    [
        (Request(verb="get", resource=PREFERENCE_JOBS), "preferencejobs.preference.dev"),
        (Request(verb="list", resource=EVENTS), "events.events.k8s.io"),
        (Request(verb="get", resource=PODS, subresource="log"), "pods/log"),
    ],
)
def test_the_right_is_named_as_kubectl_auth_can_i_takes_it(request_: Request, right: str) -> None:
    assert request_.right == right


@pytest.mark.parametrize(
    ("verb", "method"), [("get", "GET"), ("list", "GET"), ("watch", "GET"), ("patch", "PATCH")]
)
def test_verbs_have_their_methods(verb: str, method: str) -> None:
    assert Request(verb=verb, resource=PODS).method == method
