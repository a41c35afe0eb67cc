"""A trainer process: how it is started, asked and read. The protocol is preference_api.wire's."""

import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from preference_api.wire import (
    PORT_VARIABLE,
    RUN_VARIABLE,
    TERMINATION_VARIABLE,
    LiveProgress,
    RunDocument,
    TerminationMessage,
)
from preference_cli.errors import CommandError
from preference_cli.parent_death import stop_with_parent

_HOST = "127.0.0.1"
_ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Order:
    """One trainer process: `PYTHON -m preference_trainer VERB ARGUMENTS`.

    Args:
        python: Interpreter that has the trainer installed.
        arguments: The verb and what follows it.
        document: What the process is told.
        folder: Where its log and termination message go.
    """

    python: str
    arguments: Sequence[str]
    document: RunDocument
    folder: Path

    @property
    def verb(self) -> str:
        """What the process is started for: check, train or fetch."""
        return self.arguments[0]

    @property
    def log(self) -> Path:
        """Everything that the process writes to stdout and stderr."""
        return self.folder / f"{self.verb}.log"

    @property
    def termination(self) -> Path:
        """The process's last word."""
        return self.folder / f"{self.verb}.termination.json"


class Child:
    """A started trainer process; leaving the context stops it and waits until it has saved."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._port = _free_port()
        self._process = _start(order, self._port)

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.ask_to_stop()
            self._process.wait()

    def wait(self, seconds: float) -> int | None:
        """The exit code, negative for a signal, or None if the process runs on for so long."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def progress(self) -> LiveProgress | None:
        """What `GET /progress` answers; None while the process is too busy or not yet there."""
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("GET", "/progress")
            return LiveProgress.model_validate_json(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValidationError):
            return None
        finally:
            connection.close()

    def ask_to_stop(self) -> None:
        """SIGTERM: save, then end with exit code 75."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and those that it started, whatever is lost."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)


def read_termination(path: Path) -> TerminationMessage | None:
    """The termination message; None where the process died before it wrote one."""
    try:
        return TerminationMessage.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _start(order: Order, port: int) -> subprocess.Popen[bytes]:
    """The log is a file and no pipe: a trainer that outlives its parent can still write and save.

    The session of its own keeps the terminal's Ctrl-C from the trainer, which is told once.
    """
    try:
        with order.log.open("wb") as log:
            return subprocess.Popen(
                [order.python, "-m", "preference_trainer", *order.arguments],
                env=os.environ | _protocol(order, port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=stop_with_parent(),
            )
    except OSError as error:
        raise CommandError(
            f"{order.python} cannot be started: {error.strerror}",
            remedy="name the trainer's interpreter by --python or PREFERENCE_PYTHON",
            reason="NoInterpreter",
        ) from error


def _protocol(order: Order, port: int) -> dict[str, str]:
    return {
        RUN_VARIABLE: order.document.model_dump_json(by_alias=True),
        PORT_VARIABLE: str(port),
        TERMINATION_VARIABLE: str(order.termination),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
