import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from preference_cli.__main__ import main
from team import Team, failed, running

pytestmark = pytest.mark.cluster

READER = [
    {
        "apiGroups": ["preference.dev"],
        "resources": ["preferencejobs"],
        "verbs": ["get", "list", "watch"],
    }
]


@contextmanager
def other_server(folder: Path) -> Iterator[str]:
    """The URL of a server that has only files."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_one_job_is_shown_on_a_page(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.create()
    team.put_status(running())
    assert main(["status", "tiny"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{team.namespace}/tiny\n  Training\n  The training pod runs.\n")
    assert "attempts    0 failed, 1 preempted (3 and 1,000 are tried again)" in out


def test_a_new_job_says_that_nobody_has_looked_at_it(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    team.create()
    assert main(["status", "tiny"]) == 0
    assert "Pending\n  The operator has not looked at it yet." in capsys.readouterr().out


def test_all_jobs_of_the_namespace_are_a_table(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, status in (("a", running()), ("b", failed())):
        team.create(name)
        team.put_status(status, name)
    assert main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["a", "DPO", "Training"],
        ["b", "DPO", "Failed"],
    ]


def test_every_page_of_a_long_list_is_read(
    team: Team, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preference_cli.cluster.api._PAGE", "2")
    for number in range(5):
        team.create(f"job-{number}")
    assert main(["status"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_all_namespaces_are_shown_with_their_names(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Team.made(team.plane)
    team.create()
    other.create()
    assert main(["status", "-A"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("NAMESPACE ")
    assert all(f"\n{each.namespace} " in out for each in (team, other))


def test_json_is_the_object_as_it_is(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.create()
    team.put_status(running())
    assert main(["status", "tiny", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == team.read()
    assert main(["status", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"] == [team.read()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tiny",), "NotFound: there is no PreferenceJob tiny in namespace {namespace}"),
        (("tiny", "-n", "other"), "no PreferenceJob tiny in namespace other of context test"),
        (("tiny", "-A"), "a name lies in one namespace"),
    ],
)
def test_what_is_not_there_is_said_with_its_namespace(
    team: Team, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert main(["status", *arguments]) == 2
    assert message.format(namespace=team.namespace) in capsys.readouterr().err


def test_an_empty_namespace_is_no_fault(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert capsys.readouterr() == (
        "",
        f"there is no PreferenceJob in namespace {team.namespace} of context test\n",
    )


def test_a_name_that_nothing_can_have_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["status", "../secrets"])
    assert "../secrets is no name of a PreferenceJob" in capsys.readouterr().err


def test_whoever_may_read_sees_it_and_nothing_else(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    team.create()
    kubeconfig = str(team.user(tmp_path, READER))
    assert main(["status", "tiny", "--kubeconfig", kubeconfig]) == 0
    assert main(["status", "--kubeconfig", kubeconfig]) == 0
    capsys.readouterr()
    assert main(["status", "-A", "--kubeconfig", kubeconfig]) == 2
    err = capsys.readouterr().err
    assert f"system:serviceaccount:{team.namespace}:ada may not list" in err
    assert "preferencejobs.preference.dev in all namespaces of context test" in err


def test_impersonation_of_the_kubeconfig_is_kept(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    team.create()
    user = json.loads(team.plane.kubeconfig.read_text())["users"][0]["user"]
    kubeconfig = str(team.kubeconfig(tmp_path, user={**user, "as": "nobody"}))
    assert main(["status", "tiny", "--kubeconfig", kubeconfig]) == 2
    assert "nobody may not get preferencejobs.preference.dev" in capsys.readouterr().err


def test_credentials_that_are_not_taken_are_named(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = str(team.kubeconfig(tmp_path, user={"token": "stale-token"}))
    assert main(["status", "--kubeconfig", kubeconfig]) == 2
    err = capsys.readouterr().err
    assert "Unauthorized: the API server of context test does not take these credentials" in err
    assert "stale-token" not in err


def test_a_server_that_does_not_answer_is_named(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        server = f"https://127.0.0.1:{nobody.getsockname()[1]}"
        kubeconfig = str(team.kubeconfig(tmp_path, cluster={"server": server}))
        assert main(["status", "--kubeconfig", kubeconfig]) == 2
    assert "the API server of context test does not answer" in capsys.readouterr().err


def test_a_certificate_that_is_not_trusted_is_a_fault(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = str(team.kubeconfig(tmp_path, cluster={"server": team.plane.url}))
    assert main(["status", "--kubeconfig", kubeconfig]) == 2
    assert "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().err


def test_a_certificate_may_be_left_unverified_on_purpose(
    team: Team, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    team.create()
    cluster = {"server": team.plane.url, "insecure-skip-tls-verify": True}
    kubeconfig = str(team.kubeconfig(tmp_path, cluster=cluster))
    assert main(["status", "tiny", "--kubeconfig", kubeconfig]) == 0
    assert capfd.readouterr().err == ""


def test_an_answer_of_somebody_else_is_a_fault(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / f"apis/preference.dev/v1alpha1/namespaces/{team.namespace}/preferencejobs"
    page.mkdir(parents=True)
    (page / "tiny").write_text("<html>Please log in.")
    with other_server(tmp_path) as url:
        kubeconfig = str(team.kubeconfig(tmp_path, cluster={"server": url}))
        assert main(["status", "tiny", "--kubeconfig", kubeconfig]) == 2
    assert "what came is not JSON" in capsys.readouterr().err
