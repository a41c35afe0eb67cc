"""Programs that a test starts: in a process group of their own, never left behind.

They end with the `with` block, and are killed by the kernel where the test run itself is killed.
The kernel watches the thread that started them, so a test starts them from its main thread.
"""

import ctypes
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

READY_SECONDS = 60
_SET_PARENT_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None)
_ANY_CERTIFICATE = ssl._create_unverified_context()


@dataclass(slots=True, kw_only=True)
class Process:
    """A program that can be ended in every way, and started again.

    Args:
        command: Its path and arguments.
        log: Where its output is added to.
        environment: Its variables; those of the test run where absent.
    """

    command: Sequence[str | Path]
    log: Path
    environment: Mapping[str, str] | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, for the first time or anew."""
        assert not self.alive, f"{self.command[0]} runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self.environment,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def alive(self) -> bool:
        """Whether it has been started and has not ended; a frozen one is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id, which is that of its group too."""
        return self._started.pid

    def kill(self) -> None:
        """End it and its children at once, frozen or not (SIGKILL)."""
        self._signal_group(signal.SIGKILL)
        self._started.wait()

    def terminate(self, *, seconds: float = 60) -> int:
        """Ask it to end (SIGTERM), as Kubernetes asks a container; its exit code.

        Raises:
            subprocess.TimeoutExpired: It still runs after so many seconds.
        """
        self._started.terminate()
        return self.wait(seconds=seconds)

    def wait(self, *, seconds: float = 60) -> int:
        """The exit code, once it has ended by itself.

        Raises:
            subprocess.TimeoutExpired: It still runs after so many seconds.
        """
        return self._started.wait(timeout=seconds)

    def freeze(self) -> None:
        """Stop it where it stands, its connections open (SIGSTOP)."""
        self._signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on from there (SIGCONT)."""
        self._signal_group(signal.SIGCONT)

    def await_answer(self, url: str) -> None:
        """Return once the URL answers with success.

        Raises:
            RuntimeError: The program has ended, or never answers so; with the end of its log.
        """
        end = time.monotonic() + READY_SECONDS
        while not answers(url):
            if not self.alive or time.monotonic() > end:
                raise RuntimeError(f"{url} is not ready: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.command[0]} was never started"
        return self._process

    def _signal_group(self, number: signal.Signals) -> None:
        if self.alive:
            os.killpg(self.pid, number)


@contextmanager
def started(
    command: Sequence[str | Path], *, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """A program that runs, and is killed at the end of the block; nothing of it has to be saved."""
    process = Process(command=command, log=log, environment=environment)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def answers(url: str) -> bool:
    """Whether a GET is answered with success, by whatever certificate."""
    try:
        with urllib.request.urlopen(url, context=_ANY_CERTIFICATE, timeout=2):
            return True
    except OSError:
        return False


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends (prctl(2))."""
    _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
