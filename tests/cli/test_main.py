import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli_world import World, manifest
from preference_api.crd import rendered
from preference_cli.__main__ import main


def test_crd_prints_the_definition(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crd"]) == 0
    assert capsys.readouterr().out == rendered()


def test_every_fault_of_a_manifest_is_shown_with_exit_code_2(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write("job.yaml", manifest(training={"step": 3}, method="PPO"))
    assert main(["check", "job.yaml"]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("InvalidManifest: job.yaml is no valid PreferenceJob\n")
    assert "\n  spec.method: " in err
    assert "\n  spec.training.step: " in err
    assert out == ""
    assert not world.ran("check")


def test_faults_are_the_json_result(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write("job.yaml", manifest(training={"step": 3}))
    assert main(["run", "job.yaml", "--output", "json"]) == 2
    out, err = capsys.readouterr()
    result = json.loads(out)
    (fault,) = result.pop("faults")
    assert fault.startswith("spec.training.step: ")
    assert result == {
        "event": "result",
        "exitCode": 2,
        "reason": "InvalidManifest",
        "message": "job.yaml is no valid PreferenceJob",
    }
    assert err == ""


def test_a_fault_with_a_way_out_names_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "job.yaml", "--set", "training.step=3"]) == 2
    err = capsys.readouterr().err
    assert "way out  did you mean spec.training.steps?" in err


def test_a_folder_that_cannot_be_written_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(world.folder / "job.yaml"))
    assert main(["run", "job.yaml"]) == 2
    err = capsys.readouterr().err
    assert f"{world.folder}/job.yaml/preference" in err
    assert "Not a directory" in err


@pytest.mark.parametrize(
    ("name", "usage"),
    [("preference", "usage: preference "), ("kubectl-preference", "usage: kubectl preference ")],
)
def test_the_help_speaks_of_the_program_that_was_called(
    name: str, usage: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [f"/usr/bin/{name}", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out.startswith(usage)


def test_the_command_line_loads_neither_torch_nor_storage_nor_cluster_libraries() -> None:
    script = """
import sys
from preference_cli.__main__ import main
main(["crd"])
import preference_cli.view_terminal
names = {"torch", "transformers", "trl", "boto3", "kubernetes", "preference_trainer"}
heavy = names & set(sys.modules)
sys.exit(f"loaded: {heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_terminal_view_without_rich_names_the_extra(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.delitem(sys.modules, "preference_cli.view_terminal", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["run", "job.yaml"]) == 2
    assert "'.[cli]' in a checkout of preference-operator" in capsys.readouterr().err
    assert not list(Path("cache").glob("*"))
