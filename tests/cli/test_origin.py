import subprocess
from pathlib import Path

import pytest

from preference_api.wire import Origin
from preference_cli.origin import find_origin


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A committed manifest."""
    path = tmp_path / "jobs" / "job.yaml"
    path.parent.mkdir()
    path.write_text("kind: PreferenceJob\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "A job")
    return path


def test_names_commit_and_repository_without_credentials(manifest: Path) -> None:
    git(manifest.parent, "remote", "add", "origin", "https://ada:secret@git.example.org/a/b.git")
    commit = git(manifest.parent, "rev-parse", "HEAD")
    expected = Origin(commit=commit, repository="https://git.example.org/a/b.git")
    assert find_origin(manifest) == expected


def test_names_no_repository_where_there_is_no_remote(manifest: Path) -> None:
    assert find_origin(manifest).repository is None


def test_a_changed_manifest_is_not_the_committed_one(manifest: Path) -> None:
    manifest.write_text("kind: Other\n")
    assert find_origin(manifest).commit == f"{git(manifest.parent, 'rev-parse', 'HEAD')}-dirty"


def test_another_changed_file_does_not_matter(manifest: Path) -> None:
    manifest.with_name("other.yaml").touch()
    assert find_origin(manifest).commit == git(manifest.parent, "rev-parse", "HEAD")


def test_is_empty_outside_a_checkout(tmp_path: Path) -> None:
    assert find_origin(tmp_path / "job.yaml") == Origin()


def test_is_empty_without_git(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_origin(manifest) == Origin()
