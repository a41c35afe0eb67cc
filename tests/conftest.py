"""Fixtures for every test: S3 servers, the stand-in for the model hub, places to write to."""

import errno
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest

import control_plane
import hub_server
import s3_servers
from control_plane import ControlPlane
from hub_server import HubServer
from preference_api import wire
from preference_api.v1alpha1.storage import Storage
from preference_trainer import holder, renewal
from preference_trainer.storage import Location, local, location, open_location
from s3_servers import S3Server


def pytest_configure() -> None:
    """A run that a shell started in the background ignores SIGINT, and so would what it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_servers.moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def versitygw_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_servers.versitygw(tmp_path_factory.mktemp("versitygw")) as server:
        yield server


@pytest.fixture
def s3_moto(moto_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The moto server, its credentials in the environment."""
    return _entered(moto_server, monkeypatch)


@pytest.fixture
def s3_versitygw(versitygw_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The versitygw server, its credentials in the environment."""
    return _entered(versitygw_server, monkeypatch)


@pytest.fixture(params=["moto", "versitygw"])
def s3(request: pytest.FixtureRequest) -> S3Server:
    """Each S3 server in turn, its credentials in the environment."""
    server: S3Server = request.getfixturevalue(f"s3_{request.param}")
    return server


def _entered(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    for name in s3_servers.FOREIGN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """The stand-in for the model hub, named by HF_ENDPOINT, without a token."""
    with hub_server.running() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_TOKEN_PATH", os.devnull)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield server


@pytest.fixture(params=["moto", "versitygw", "file", "claim"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Location:
    """An empty place in every kind of storage that can be written to, in turn."""
    match request.param:
        case "file":
            return open_location((tmp_path / "my files").as_uri(), Storage(), local=True)
        case "claim":
            monkeypatch.setattr(wire, "CLAIMS_FOLDER", str(tmp_path))
            (tmp_path / "models").mkdir()
            return open_location("pvc://models/team", Storage())
    server: S3Server = request.getfixturevalue(f"s3_{request.param}")
    return open_location(f"s3://{server.new_bucket()}/team", server.storage())


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server that knows the kind."""
    with control_plane.running(tmp_path_factory.mktemp("control-plane"), kind=True) as plane:
        yield plane


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once, in botocore, huggingface_hub and the streams."""
    clock = SimpleNamespace(sleep=lambda seconds: None, time=time.time, monotonic=time.monotonic)
    for module in (
        "botocore.endpoint",
        "huggingface_hub.utils._http",
        "preference_trainer.storage.retries",
    ):
        monkeypatch.setattr(f"{module}.time", clock)


@pytest.fixture
def quick_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether somebody works on a run shows within a moment."""
    monkeypatch.setattr(renewal, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(holder, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(holder, "PATIENCE_SECONDS", 5.0)


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on a disk with a megabyte of room.

    It is a file system of its own where one may be mounted; elsewhere copying into it fails.
    """
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") and subprocess.run(command, capture_output=True).returncode == 0:
        yield folder
        subprocess.run(["umount", str(folder)], check=True)
        return
    for module in (location, local):
        monkeypatch.setattr(module, "copy_hashed", _full(module.copy_hashed, folder))
    yield folder


def _full(copy: Callable[..., object], folder: Path) -> Callable[..., object]:
    def copy_until_full(source: BinaryIO, target: BinaryIO, **options: object) -> object:
        if not Path(target.name).is_relative_to(folder):
            return copy(source, target, **options)
        target.write(source.read(1000))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return copy_until_full
