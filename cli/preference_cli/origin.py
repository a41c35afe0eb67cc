"""Commit and repository of a manifest, for the lineage of the model."""

import re
import subprocess
from pathlib import Path

from preference_api.wire import Origin

_SECONDS = 5
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")
_LONGEST_REPOSITORY = 512


def find_origin(manifest: Path) -> Origin:
    """Where git has the manifest; empty outside a checkout or without git, never a failure.

    The commit ends in `-dirty` where the file differs from it, as with `git describe --dirty`.
    """
    commit = _git(manifest.parent, "rev-parse", "HEAD")
    if commit is None:
        return Origin()
    changed = _git(manifest.parent, "status", "--porcelain", "--", manifest.name)
    return Origin(
        commit=f"{commit}-dirty" if changed else commit, repository=_repository(manifest.parent)
    )


def _repository(folder: Path) -> str | None:
    """The URL of the remote `origin`, without the user and password that it may hold."""
    url = _git(folder, "config", "--get", "remote.origin.url")
    return _CREDENTIALS.sub("", url)[:_LONGEST_REPOSITORY] if url else None


def _git(folder: Path, *arguments: str) -> str | None:
    """The output of a git command, None where it fails for whatever reason."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip()
