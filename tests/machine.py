"""What a test needs of the machine itself: programs that a distribution installs, and root."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest


def needs(*programs: str) -> None:
    """Skip a test where the machine is not up to it, and fail it under CI."""
    missing = list(_missing(programs))
    if not missing:
        return
    reason = f"this machine lacks {', '.join(missing)}"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}. CI has to have it.")
    pytest.skip(reason)


def cache(name: str) -> Path:
    """A folder for what is costly to make; it may be removed at any time."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "preference-operator" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _missing(programs: Iterable[str]) -> Iterable[str]:
    if os.geteuid() != 0:
        yield "root"
    yield from (name for name in programs if shutil.which(name) is None)
