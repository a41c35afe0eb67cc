"""Programs of Prometheus (Debian: prometheus), which check and evaluate what the project tells."""

import os
import shutil
import subprocess

import pytest


def path_of(name: str) -> str:
    """Path of `promtool` or `prometheus`; skips the test where it is absent, and fails it in CI."""
    found = shutil.which(name)
    if found is not None:
        return found
    reason = f"no {name} on the PATH (Debian: prometheus)"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}. CI has to have it.")
    pytest.skip(reason)


def check_metrics(text: str) -> None:
    """Have Prometheus' own checker read what a process told; it has to say nothing."""
    command = [path_of("promtool"), "check", "metrics"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
