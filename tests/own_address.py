"""An IP address that this machine has for the length of a block."""

import fcntl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def given(address: str) -> Iterator[None]:
    """Give the loopback device an address that others of this machine can be sent to; as root.

    Raises:
        RuntimeError: Another test run has it.
    """
    # The kernel takes the lock from a run that dies; its address is left, and taken over.
    with (Path(tempfile.gettempdir()) / f"preference-test-{address}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RuntimeError(f"{address} belongs to another test run; wait for it") from error
        _change("replace", address)
        try:
            yield
        finally:
            _change("delete", address)


def _change(verb: str, address: str) -> None:
    subprocess.run(["ip", "address", verb, f"{address}/32", "dev", "lo"], check=True)
