"""The control plane of the tests leaves nothing behind, however a test run ends."""

import subprocess
import sys
import time
import urllib.error
from pathlib import Path

import pytest

import control_plane
from control_plane import ControlPlane

pytestmark = pytest.mark.cluster

STARTS_ONE_AND_WAITS = """
import sys
from pathlib import Path
import control_plane
with control_plane.running(Path(sys.argv[1])) as plane:
    print(plane.url, flush=True)
    sys.stdin.read()
"""


def test_processes_end_with_the_block(tmp_path: Path) -> None:
    with control_plane.running(tmp_path) as plane:
        status, answer = plane.request("GET", "/api/v1/namespaces/default")
        assert (status, answer["metadata"]["name"]) == (200, "default")
    with pytest.raises(urllib.error.URLError):
        plane.request("GET", "/api/v1/namespaces/default")


def test_processes_end_with_a_killed_run(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE_AND_WAITS, str(tmp_path)],
        cwd=Path(control_plane.__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdout is not None
        plane = ControlPlane(url=run.stdout.readline().strip(), folder=tmp_path)
        assert plane.request("GET", "/version")[0] == 200
        run.kill()
    end = time.monotonic() + 30
    while answers(plane):
        assert time.monotonic() < end, "the API server outlived its test run"


def answers(plane: ControlPlane) -> bool:
    try:
        return plane.request("GET", "/version")[0] == 200
    except OSError:
        return False
