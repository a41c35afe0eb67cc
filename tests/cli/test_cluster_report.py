from pathlib import Path
from typing import Any

import pytest

from cli_world import World, failed
from preference_cli.__main__ import main
from team import REPORT, Team, running, succeeded

pytestmark = pytest.mark.cluster

FETCHED = ["end", {"exitCode": 0, "reason": "Done"}]


@pytest.fixture
def finished(world: World, team: Team) -> World:
    """A place to call from, and a job in the cluster that has ended well."""
    team.create()
    team.put_status(succeeded())
    world.plan(fetch=[FETCHED])
    return world


@pytest.mark.parametrize("target", ["tiny", "pj/tiny", "preferencejob.preference.dev/tiny"])
def test_a_job_of_the_cluster_names_its_report(
    finished: World, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    assert main(["report", target]) == 0
    assert capsys.readouterr().out == f"{REPORT}\n"
    assert not finished.ran("fetch")


@pytest.mark.parametrize(("target", "options"), [("pj/tiny", ()), ("tiny", ("--context", "test"))])
def test_a_job_that_is_called_like_a_file_can_be_meant(
    finished: World, capsys: pytest.CaptureFixture[str], target: str, options: tuple[str, ...]
) -> None:
    Path("tiny").mkdir()
    assert main(["report", "tiny"]) == 2
    assert "there is no report at" in capsys.readouterr().err
    assert main(["report", target, *options]) == 0
    assert capsys.readouterr().out == f"{REPORT}\n"


def test_it_is_fetched_with_the_storage_settings_of_the_job(
    finished: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "tiny", "--to", "here"]) == 0
    assert capsys.readouterr() == ("here/report.html\n", "")
    seen = finished.seen("fetch")
    assert seen["arguments"] == [REPORT, str(finished.folder / "here")]
    assert seen["run"]["spec"]["storage"]["endpoint"] == "http://minio.storage:9000"


def test_another_way_to_the_storage_may_be_set(finished: World) -> None:
    endpoint = "storage.endpoint=http://127.0.0.1:9000"
    assert main(["report", "tiny", "--to", "here", "--set", endpoint]) == 0
    storage = finished.seen("fetch")["run"]["spec"]["storage"]
    assert storage["endpoint"] == "http://127.0.0.1:9000"


def test_a_setting_that_is_wrong_is_refused(
    finished: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "tiny", "--to", "here", "--set", "storage.endpoint=nowhere"]) == 2
    assert "spec.storage.endpoint" in capsys.readouterr().err
    assert not finished.ran("fetch")


@pytest.mark.parametrize(("code", "reason"), [(4, "AccessDenied"), (5, "StorageUnavailable")])
def test_a_storage_that_cannot_be_reached_says_what_to_do(
    finished: World, capsys: pytest.CaptureFixture[str], code: int, reason: str
) -> None:
    finished.plan(fetch=[failed(code, reason, "no way there")])
    assert main(["report", "tiny", "--to", "here"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{reason}: no way there" in err
    assert "with your own credentials (AWS_PROFILE" in err
    assert "Where only the cluster reaches http://minio.storage:9000, kubectl port-forward" in err
    assert "--set storage.endpoint=http://127.0.0.1:PORT" in err


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (running(), "tiny has no report yet; Training: The training pod runs."),
        ({}, "tiny has no report yet; Pending"),
    ],
)
def test_a_job_without_a_report_says_where_it_stands(
    world: World,
    team: Team,
    capsys: pytest.CaptureFixture[str],
    status: dict[str, Any],
    message: str,
) -> None:
    team.create()
    team.put_status(status)
    assert main(["report", "tiny"]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "preference watch tiny waits for the end" in err
