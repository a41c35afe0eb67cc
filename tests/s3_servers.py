"""S3 servers for tests: moto, and versitygw, which is strict about credentials and checksums.

conftest.py offers them as fixtures: `s3` runs a test once on each, `s3_moto` on moto alone, and
`s3_versitygw` on versitygw alone. Each sets the AWS_* variables of the test's environment.
"""

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import programs
from preference_api.v1alpha1.storage import Storage

REGION = "us-east-1"
FOREIGN_VARIABLES = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
"""Variables of the caller that would lead a test to another server or identity."""
READY_SECONDS = 60
_numbers = itertools.count(1)


@dataclass(frozen=True)
class S3Server:
    """A running server, and what a test does behind the back of the code that it tests."""

    endpoint: str
    access_key: str
    secret_key: str
    kind: str

    def new_bucket(self) -> str:
        """Makes an empty bucket and returns its name."""
        name = f"test-{os.getpid()}-{next(_numbers)}"
        self.client.create_bucket(Bucket=name)
        return name

    def storage(self, **changes: Any) -> Storage:
        """The `storage` block of a manifest that reaches this server."""
        return Storage.model_validate({"endpoint": self.endpoint, "region": REGION, **changes})

    def environment(self) -> dict[str, str]:
        """The variables with which boto3's own chain of credentials finds this server's."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Writes an object."""
        self.client.put_object(Bucket=bucket, Key=key, Body=data)

    def get(self, bucket: str, key: str) -> bytes:
        """An object's content."""
        body: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def delete(self, bucket: str, key: str) -> None:
        """Deletes an object."""
        self.client.delete_object(Bucket=bucket, Key=key)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys below a prefix, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", ()))

    @cached_property
    def client(self) -> Any:
        """A boto3 client with path-style addressing."""
        import boto3
        from botocore.config import Config

        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )


@contextmanager
def moto(folder: Path) -> Iterator[S3Server]:
    """A moto server. It takes any credentials, holds everything in memory, and lists in pages."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, port, folder / "moto.log", MOTO_S3_DEFAULT_MAX_KEYS="10"):
        yield S3Server(f"http://127.0.0.1:{port}", "moto-key", "moto-secret", "moto")


@contextmanager
def versitygw(folder: Path) -> Iterator[S3Server]:
    """A versitygw server over a folder; skips where the program is missing."""
    port = free_port()
    command = [
        *(str(programs.find("versitygw")), "--quiet", "--port", f"127.0.0.1:{port}"),
        *("--access", "versity-key", "--secret", "versity-secret", "--region", REGION),
        *("posix", "--sidecar", str(folder / "metadata"), str(folder / "objects")),
    ]
    for name in ("metadata", "objects"):
        (folder / name).mkdir()
    with _running(command, port, folder / "versitygw.log"):
        yield S3Server(f"http://127.0.0.1:{port}", "versity-key", "versity-secret", "versitygw")


@contextmanager
def _running(command: list[str], port: int, log: Path, **variables: str) -> Iterator[None]:
    environment = os.environ | variables
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        _await_port(process, port, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=READY_SECONDS)


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"{process.args} does not answer on port {port}: {log.read_text()[-2000:]}")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
