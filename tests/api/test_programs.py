from pathlib import Path

import pytest

import programs

# Expected by both names: a skip that nobody expects would skip the test that looks for it.
ENDS = (pytest.skip.Exception, pytest.fail.Exception)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    program = tmp_path / "etcd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


@pytest.fixture
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for ../shared/bin whose `unpack` counts its calls."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shared = tmp_path / "bin"
    shared.mkdir()
    (shared / "SHA256SUMS").write_text("sums")
    script = shared / "unpack"
    script.write_text(f'#!/bin/sh\necho once >> {tmp_path}/calls\nprintf "" > "$1/etcd"\n')
    script.chmod(0o755)
    return shared


def test_variable_names_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.VARIABLE, str(folder))
    assert programs.find("etcd") == folder / "etcd"


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_missing_program_is_skipped_loudly_and_fails_under_ci(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv(programs.VARIABLE, str(folder))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ENDS, match="no program helm in") as end:
        programs.find("helm")
    assert end.type is outcome


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_missing_archives_are_skipped_loudly_and_fail_under_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.delenv(programs.VARIABLE, raising=False)
    monkeypatch.setattr(programs, "SHARED", tmp_path / "absent")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ENDS, match="is not set and there is no") as end:
        programs.find("etcd")
    assert end.type is outcome


def test_none_leaves_out_even_under_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.VARIABLE, "none")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.skip.Exception, match="etcd is left out"):
        programs.find("etcd")


def test_archives_are_unpacked_once(archives: Path) -> None:
    assert programs.unpacked(archives) == programs.unpacked(archives)
    assert (archives.parent / "calls").read_text() == "once\n"


def test_changed_archives_get_a_folder_of_their_own(archives: Path) -> None:
    before = programs.unpacked(archives)
    (archives / "SHA256SUMS").write_text("other sums")
    assert programs.unpacked(archives) != before


def test_failed_unpacking_is_no_folder(archives: Path) -> None:
    (archives / "unpack").write_text("#!/bin/sh\necho disk full >&2\nexit 1\n")
    for _ in range(2):
        with pytest.raises(programs.ProgramMissing, match="disk full"):
            programs.unpacked(archives)
