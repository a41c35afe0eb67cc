import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from preference_cli.convert.command import add_parser
from preference_cli.errors import CommandError

COMMAND = ["trl", "dpo", "--model_name_or_path", "org/model", "--dataset_name", "org/pairs"]
RECIPE = "model_name_or_path: org/model\ndataset_name: org/pairs\nbeta: 0.05\n"


def call(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    chosen = parser.parse_args(["convert", *arguments])
    return int(chosen.run(chosen))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    streams = capsys.readouterr()
    return yaml.safe_load(streams.out), streams.err


def test_command_after_two_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--processes", "8", "--", *COMMAND, "--loss_type", "ipo") == 0
    manifest, report = written(capsys)
    assert manifest["spec"]["dpo"] == {"loss": ["ipo"]}
    assert manifest["spec"]["resources"] == {"gpus": 8}
    assert report.startswith("To look at before applying")


def test_command_in_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(" ".join(COMMAND)) == 0
    assert written(capsys)[0]["spec"]["method"] == "DPO"


def test_script_from_stdin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" ".join(COMMAND)))
    assert call("-", "--name", "mine", "--output-uri", "s3://b-1/out") == 0
    manifest, report = written(capsys)
    assert manifest["metadata"] == {"name": "mine"}
    assert manifest["spec"]["output"] == {"uri": "s3://b-1/out"}
    assert "a placeholder" not in report


def test_path_of_a_recipe_tells_the_method(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "orpo").mkdir()
    (folder / "orpo" / "config.yaml").write_text(RECIPE)
    assert call("orpo/config.yaml") == 0
    assert written(capsys)[0]["spec"]["orpo"] == {"lambda": 0.05}


@pytest.mark.parametrize(("option", "method"), [("dpo", "DPO"), ("ORPO", "ORPO")])
def test_option_tells_the_method(
    folder: Path, capsys: pytest.CaptureFixture[str], option: str, method: str
) -> None:
    (folder / "config.yaml").write_text(RECIPE)
    assert call("config.yaml", "--method", option) == 0
    assert written(capsys)[0]["spec"]["method"] == method


def test_files_that_a_command_names_are_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "two.yaml").write_text("num_processes: 2\n")
    launch = "accelerate launch --config_file two.yaml run_dpo.py recipe.yaml --beta=0.2"
    assert call("--", *launch.split()) == 0
    spec = written(capsys)[0]["spec"]
    assert spec["dpo"] == {"beta": 0.2}
    assert spec["resources"] == {"gpus": 2}


def test_configuration_that_is_missing_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    launch = "accelerate launch --config_file a/zero3.yaml dpo.py"
    assert call("--", *launch.split(), *COMMAND[2:]) == 0
    manifest, report = written(capsys)
    assert manifest["spec"]["resources"] == {"strategy": "FSDP"}
    assert "a/zero3.yaml is not there" in report


def test_json_goes_to_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--output", "json", "--", *COMMAND) == 0
    streams = capsys.readouterr()
    found = json.loads(streams.out)
    assert found["manifest"]["spec"]["method"] == "DPO"
    assert {"kind", "source", "target", "note"} == set(found["findings"][0])
    assert streams.err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("missing.yaml",), "missing.yaml: there is no such file"),
        (("binary.yaml",), "binary.yaml: "),
        (("--", "trl", "dpo", "--config", "missing.yaml"), "names missing.yaml"),
    ],
)
def test_what_cannot_be_read_is_refused(
    folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    (folder / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match=says):
        call(*arguments)


@pytest.mark.parametrize("option", [("--processes", "0"), ("--method", "ppo"), ("--output", "x")])
def test_bad_option_is_refused(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call(*option, "--", *COMMAND)
    assert option[0] in capsys.readouterr().err
