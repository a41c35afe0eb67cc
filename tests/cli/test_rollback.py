"""`rollback`: the pointer in the bucket is moved by a trainer process."""

import getpass
from typing import Any

import pytest

from cli_world import World, failed, manifest
from preference_cli.__main__ import main
from team import Team, succeeded

MOVED = ["end", {"exitCode": 0, "reason": "RolledBack", "message": "run b is the current model"}]
NEXT = "The next run that finishes and passes the gate becomes the current model in its place."
NIGHTLY = {"retrain": {"schedule": "0 3 * * *"}}


@pytest.fixture
def rolls(world: World) -> World:
    world.plan(promote=[MOVED])
    return world


@pytest.fixture
def cluster(rolls: World, team: Team) -> Team:
    team.create()
    team.put_status(succeeded())
    return team


@pytest.mark.parametrize("to", [[], ["--to", "b"]])
def test_a_manifest_names_the_job_of_this_machine(
    rolls: World, capsys: pytest.CaptureFixture[str], to: list[str]
) -> None:
    assert main(["rollback", "job.yaml", *to]) == 0
    assert capsys.readouterr() == (f"run b is the current model\n{NEXT}\n", "")
    seen = rolls.seen("promote")
    run = ["--run", "b"] if to else []
    assert seen["arguments"] == [*run, "--by", getpass.getuser()]
    assert (seen["run"]["name"], seen["run"]["local"]) == ("tiny", True)


def test_one_of_several_is_chosen_and_its_fields_are_set(rolls: World) -> None:
    rolls.write("job.yaml", manifest(), manifest("other"))
    assert main(["rollback", "job.yaml"]) == 2
    endpoint = "storage.endpoint=http://127.0.0.1:9000"
    assert main(["rollback", "job.yaml", "--name", "other", "--set", endpoint]) == 0
    told = rolls.seen("promote")["run"]
    assert told["name"] == "other"
    assert told["spec"]["storage"]["endpoint"] == "http://127.0.0.1:9000"


@pytest.mark.parametrize(("code", "reason"), [(2, "NotFinished"), (5, "StorageUnavailable")])
def test_what_the_trainer_refuses_is_told(
    world: World, capsys: pytest.CaptureFixture[str], code: int, reason: str
) -> None:
    world.plan(promote=[failed(code, reason, "there is no such run", "name another")])
    assert main(["rollback", "job.yaml"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{reason}: there is no such run" in err
    assert "name another" in err


@pytest.mark.cluster
def test_a_name_means_the_job_of_the_cluster_with_ones_own_credentials(
    cluster: Team, rolls: World, capsys: pytest.CaptureFixture[str]
) -> None:
    before = cluster.read()
    assert main(["rollback", "tiny", "--to", "b"]) == 0
    assert capsys.readouterr().out == f"run b is the current model\n{NEXT}\n"
    run = rolls.seen("promote")["run"]
    assert (run["namespace"], run["local"]) == (cluster.namespace, False)
    assert run["spec"]["storage"]["endpoint"] == "http://minio.storage:9000"
    assert cluster.read() == before


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("spec", "told"),
    [({}, False), (NIGHTLY, True), ({**NIGHTLY, "suspend": True}, False)],
)
def test_it_says_where_the_next_run_comes_by_itself(
    rolls: World,
    team: Team,
    capsys: pytest.CaptureFixture[str],
    spec: dict[str, Any],
    told: bool,
) -> None:
    team.create(spec=spec)
    assert main(["rollback", "tiny"]) == 0
    assert ("preference suspend tiny keeps it from that" in capsys.readouterr().out) is told


@pytest.mark.cluster
def test_a_storage_that_cannot_be_reached_says_what_to_do(
    cluster: Team, rolls: World, capsys: pytest.CaptureFixture[str]
) -> None:
    rolls.plan(promote=[failed(4, "AccessDenied", "no way there")])
    assert main(["rollback", "tiny"]) == 4
    err = capsys.readouterr().err
    assert "AccessDenied: no way there" in err
    assert "with your own credentials (AWS_PROFILE" in err
