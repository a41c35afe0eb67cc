from pathlib import Path

import pytest

import machine

# Expected by both names: a skip that nobody expects would skip the test that looks for it.
ENDS = (pytest.skip.Exception, pytest.fail.Exception)


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
@pytest.mark.usefixtures("root")
def test_missing_program_is_skipped_loudly_and_fails_under_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ENDS, match="this machine lacks no-program, nor-this") as end:
        machine.needs("sh", "no-program", "nor-this")
    assert end.type is outcome


def test_other_users_than_root_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="this machine lacks root"):
        machine.needs("sh")


@pytest.mark.usefixtures("root")
def test_a_machine_that_has_everything_is_taken(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("")
    program.chmod(0o755)
    machine.needs("sh", str(program))


def test_cache_is_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert machine.cache("images").is_dir()
    assert machine.cache("images").is_relative_to(tmp_path)
