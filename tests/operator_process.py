"""The operator as a process of its own, that a test kills, freezes and starts again."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control_plane import ControlPlane
from preference_operator.settings import KUBECONFIG_VARIABLE, PREFIX
from processes import Process, answers, free_port, started

NAMESPACE, ACCOUNT = "preference-system", "preference-operator"
"""The service account that operator/manifests gives its rights."""
MODULE = ("-m", "preference_operator")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorProcess:
    """The operator's process and what it tells.

    Args:
        process: To be killed, terminated, frozen, thawed and started again.
        health: URL of its probes.
    """

    process: Process
    health: str

    def ready(self) -> None:
        """Return once it says that it is ready.

        Raises:
            RuntimeError: It has ended, or never says so; with the end of its log.
        """
        self.process.await_answer(f"{self.health}/readyz")

    @property
    def is_ready(self) -> bool:
        """Whether it says that it is ready."""
        return answers(f"{self.health}/readyz")

    @property
    def is_healthy(self) -> bool:
        """Whether it says that it need not be started anew."""
        return answers(f"{self.health}/healthz")

    @property
    def entries(self) -> list[Mapping[str, Any]]:
        """What it has logged since it was started first; every line has to be a JSON object.

        Raises:
            ValueError: A line is none.
        """
        lines = self.process.log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]


@contextmanager
def running(
    kubeconfig: Path,
    folder: Path,
    *,
    name: str = "operator",
    arguments: Sequence[str] = MODULE,
    **settings: object,
) -> Iterator[OperatorProcess]:
    """An operator that has been started; whether it is ready yet is asked by `ready`.

    Args:
        kubeconfig: Its way to the API server.
        folder: For its log.
        name: Its identity in the election, and the name of its log.
        arguments: Of the Python interpreter.
        settings: Its options, by the names of the fields of its Settings.
    """
    port = free_port()
    options = {"identity": name, "health_port": port, "lease_namespace": NAMESPACE, **settings}
    with started(
        (sys.executable, *arguments),
        log=folder / f"{name}.log",
        environment=_environment(kubeconfig, options),
    ) as process:
        yield OperatorProcess(process=process, health=f"http://127.0.0.1:{port}")


def account_kubeconfig(plane: ControlPlane, *, server: str = "") -> Path:
    """A kubeconfig of the operator's own service account, straight or by a proxy's URL."""
    return plane.account_kubeconfig(NAMESPACE, ACCOUNT, server=server)


def _environment(kubeconfig: Path, options: Mapping[str, object]) -> dict[str, str]:
    """The variables of this test run, with the operator's own in place of those set outside."""
    foreign = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    own = {f"{PREFIX}{name.upper()}": str(value) for name, value in options.items()}
    return {**foreign, **own, KUBECONFIG_VARIABLE: str(kubeconfig)}
