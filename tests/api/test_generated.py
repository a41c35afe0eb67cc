from pathlib import Path

import pytest

from preference_api import crd, reference
from preference_api.generated import GeneratedFile


@pytest.mark.parametrize("file", [crd.FILE, reference.FILE], ids=lambda file: file.path.name)
def test_file_is_what_the_models_say(file: GeneratedFile) -> None:
    assert file.path.read_text(encoding="utf-8") == file.render(), f"write {file.path} again"


def test_command_prints(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    GeneratedFile(path=tmp_path / "file", render=lambda: "text").command([], module="module")
    assert capsys.readouterr().out == "text"
    assert not (tmp_path / "file").exists()


def test_command_writes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = GeneratedFile(path=tmp_path / "file", render=lambda: "é")
    file.command(["--write"], module="module")
    assert file.path.read_text(encoding="utf-8") == "é"
    assert capsys.readouterr().out == ""
