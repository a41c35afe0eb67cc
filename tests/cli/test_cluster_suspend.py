from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from preference_cli.__main__ import main
from team import CHECKPOINT, Team, failed, running

pytestmark = pytest.mark.cluster

READER = {"apiGroups": ["preference.dev"], "resources": ["preferencejobs"], "verbs": ["get"]}
FLUX = {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}


@pytest.fixture
def job(team: Team) -> Team:
    team.create()
    team.put_status(running())
    return team


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments, "tiny"]) == 0
    return capsys.readouterr().out


def test_suspending_and_resuming_set_the_field_and_nothing_else(
    job: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    before = job.read()
    assert "is suspended; what trains saves a checkpoint" in said(capsys, "suspend")
    assert job.read()["spec"] == {**before["spec"], "suspend": True}
    assert f"goes on from the checkpoint of step 500 at {CHECKPOINT}" in said(capsys, "resume")
    after = job.read()
    assert after["spec"] == before["spec"]
    assert after["status"] == before["status"]


def test_doing_it_twice_changes_nothing(job: Team, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "suspend")
    once = job.read()
    assert "tiny is suspended already; Training" in said(capsys, "suspend")
    assert job.read() == once
    said(capsys, "resume")
    assert "tiny is not suspended; Training" in said(capsys, "resume")


@pytest.mark.parametrize(
    ("status", "suspended", "resumed"),
    [
        ({}, "what trains saves a checkpoint", "it starts from the beginning"),
        (failed(), "it has ended, and will not train", "it has ended, and trains again when"),
    ],
)
def test_it_says_what_follows(
    team: Team,
    capsys: pytest.CaptureFixture[str],
    status: Mapping[str, Any],
    suspended: str,
    resumed: str,
) -> None:
    team.create()
    team.put_status(status)
    assert suspended in said(capsys, "suspend")
    team.put_status(status)
    assert resumed in said(capsys, "resume")


@pytest.mark.parametrize(
    ("command", "value", "metadata"),
    [
        ("suspend", "true", FLUX),
        ("resume", "false", FLUX),
        ("suspend", "true", {"annotations": {"argocd.argoproj.io/tracking-id": "a"}}),
    ],
)
def test_a_gitops_tool_may_set_it_back(
    team: Team,
    capsys: pytest.CaptureFixture[str],
    command: str,
    value: str,
    metadata: Mapping[str, Any],
) -> None:
    team.create(metadata=metadata)
    assert main([command, "tiny"]) == 0
    err = capsys.readouterr().err
    assert "keeps this object as Git says" in err
    assert f"commit spec.suspend: {value} as well" in err


def test_the_fields_of_the_user_are_not_taken_for_kubectls(
    job: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "suspend")
    managers = {entry["manager"] for entry in job.read()["metadata"]["managedFields"]}
    assert "preference-cli" in managers


def test_whoever_may_only_read_is_told_the_right_that_is_missing(
    job: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = str(job.user(tmp_path, [READER]))
    assert main(["suspend", "tiny", "--kubeconfig", kubeconfig]) == 2
    err = capsys.readouterr().err
    assert "ada may not patch preferencejobs.preference.dev in namespace" in err
    assert "have somebody grant verb patch on resource preferencejobs.preference.dev" in err
    assert job.read()["spec"]["suspend"] is False


def test_what_is_so_already_takes_no_right_to_change_it(job: Team, tmp_path: Path) -> None:
    kubeconfig = str(job.user(tmp_path, [READER]))
    assert main(["resume", "tiny", "--kubeconfig", kubeconfig]) == 0
