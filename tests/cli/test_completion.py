import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import programs
from preference_cli.__main__ import main
from team import RUN_ID, Team, running, succeeded

PROGRAMS = {
    "preference": "from preference_cli.__main__ import main; sys.exit(main())",
    "kubectl-preference": "from preference_cli.__main__ import main; sys.exit(main())",
    "kubectl_complete-preference": "from preference_cli.__main__ import complete_for_kubectl; "
    "sys.exit(complete_for_kubectl())",
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the PATH with the programs as they are installed."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name, script in PROGRAMS.items():
        program = folder / name
        program.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def ran(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def completed_by_bash(*words: str) -> list[str]:
    """What bash offers behind these words, as readline asks for it."""
    line = " ".join(map(shlex.quote, ("preference", *words)))
    script = f"""
source <(preference completion bash)
COMP_WORDS=({line})
COMP_CWORD={len(words)}
compopt() {{ :; }}
_preference
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    return ran("bash", "-c", script).split()


def test_bash_completes_commands_and_values(installed: Path) -> None:
    assert completed_by_bash("sus") == ["suspend"]
    assert completed_by_bash("logs", "tiny", "--stage", "") == ["check", "train", "list"]
    assert completed_by_bash("logs", "--st") == ["--stage"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_is_one_that_its_shell_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    assert main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    assert "preference __complete" in script.read_text()
    if program := shutil.which(shell):
        ran(program, "-n", script)


@pytest.mark.cluster
def test_names_of_jobs_are_offered_with_their_state(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    team.create()
    team.put_status(running())
    team.create("other")
    assert main(["__complete", "suspend", "t"]) == 0
    assert capsys.readouterr().out == "tiny\tDPO Training\n:4\n"
    assert main(["__complete", "report", ""]) == 0
    assert capsys.readouterr().out == "other\tDPO Pending\ntiny\tDPO Training\n:0\n"
    assert main(["__complete", "status", "-n", "elsewhere", ""]) == 0
    assert capsys.readouterr().out == ":4\n"


@pytest.mark.cluster
def test_what_goes_back_to_an_earlier_run_offers_jobs_and_their_runs(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    team.create()
    team.put_status(succeeded())
    for command, end in (("retrain", ":4"), ("rollback", ":0"), ("lineage", ":0")):
        assert main(["__complete", command, "ti"]) == 0
        assert capsys.readouterr().out == f"tiny\tDPO Succeeded\n{end}\n"
    for words in (["rollback", "tiny", "--to", ""], ["lineage", "tiny", "--run", ""]):
        assert main(["__complete", *words]) == 0
        assert capsys.readouterr().out == f"{RUN_ID}\tnumber 2, Trained\n:4\n"
    assert main(["__complete", "rollback", "other", "--to", ""]) == 0
    assert capsys.readouterr().out == ":4\n"


@pytest.mark.cluster
def test_namespaces_and_contexts_are_offered(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["__complete", "status", "-n", team.namespace[:-1]]) == 0
    assert capsys.readouterr().out == f"{team.namespace}\n:4\n"
    assert main(["__complete", "status", "--context", ""]) == 0
    assert capsys.readouterr().out == "test\n:4\n"


def test_without_a_cluster_there_is_nothing_to_offer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    assert main(["__complete", "status", ""]) == 0
    assert capsys.readouterr() == (":4\n", "")


@pytest.mark.cluster
def test_kubectl_completes_its_plugin(team: Team, installed: Path) -> None:
    team.create()
    offered = ran(programs.find("kubectl"), "__complete", "preference", "status", "ti")
    assert offered.splitlines()[:2] == ["tiny\tDPO Pending", ":4"]
    offered = ran(programs.find("kubectl"), "__complete", "preference", "sus")
    assert offered.startswith("suspend\tStop a PreferenceJob's pods")


@pytest.mark.cluster
def test_kubectl_runs_its_plugin(team: Team, installed: Path) -> None:
    team.create()
    shown = ran(programs.find("kubectl"), "preference", "status", "tiny", "-o", "json")
    assert json.loads(shown)["metadata"]["name"] == "tiny"
