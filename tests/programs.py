"""Finds the programs that tests start: API server, etcd, kubectl, helm, an S3 server.

They come from the folder that PREFERENCE_TEST_PROGRAMS names, else from `../shared/bin` beside the
repository, whose `unpack DIR` puts them into a cache folder once. Where neither has the program the
test is skipped with the reason, and under CI it fails: a check that CI leaves out unnoticed is
worth nothing. PREFERENCE_TEST_PROGRAMS=none says that leaving out is meant.
"""

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

VARIABLE = "PREFERENCE_TEST_PROGRAMS"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "bin"


class ProgramMissing(Exception):
    """No folder has the program; the message says where it was looked for."""


def find(name: str) -> Path:
    """The path of a program, ready to start; skips or fails the test where there is none."""
    folder = os.environ.get(VARIABLE, "")
    if folder == "none":
        pytest.skip(f"{name} is left out: {VARIABLE}=none", allow_module_level=True)
    try:
        return locate(name, Path(folder) if folder else unpacked(SHARED))
    except ProgramMissing as missing:
        give_up(str(missing))


def locate(name: str, folder: Path) -> Path:
    """The program of that name in a folder.

    Raises:
        ProgramMissing: There is none that can be started.
    """
    program = folder / name
    if not os.access(program, os.X_OK):
        raise ProgramMissing(f"no program {name} in {folder}; {VARIABLE} names the folder to use")
    return program


def unpacked(shared: Path) -> Path:
    """The cache folder that holds the programs of a folder of archives, filled at first use.

    Raises:
        ProgramMissing: There are no archives, or they do not unpack.
    """
    sums = shared / "SHA256SUMS"
    if not sums.is_file():
        raise ProgramMissing(f"{VARIABLE} is not set and there is no {sums}")
    folder = _cache() / hashlib.sha256(sums.read_bytes()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            _unpack(shared, folder)
            (folder / ".complete").touch()
    return folder


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "preference-operator" / "programs"


def _unpack(shared: Path, folder: Path) -> None:
    done = subprocess.run([shared / "unpack", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProgramMissing(f"{shared / 'unpack'} failed: {done.stderr.strip()}")


def give_up(reason: str) -> NoReturn:
    """Skip the test for that reason, or fail it where CI has to have what is missing."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}. CI has to have it; {VARIABLE}=none leaves such tests out.")
    pytest.skip(reason, allow_module_level=True)
