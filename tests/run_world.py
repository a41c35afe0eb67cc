"""An operator at work on a control plane, and all that a test needs to play runs before it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import api_history
import api_proxy
import control_plane
import lease_rights
import operator_process
import pods
import progress_port
import run_invariants
from api_history import History
from api_proxy import ApiProxy
from control_plane import ControlPlane
from operator_process import OperatorProcess
from progress_port import ProgressPort
from run_player import RunPlayer

MANIFESTS = Path(__file__).resolve().parents[1] / "operator" / "manifests"
PROGRESS_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the operators of a control plane share."""

    plane: ControlPlane
    history: History
    port: ProgressPort


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One operator, the proxy by which it reaches the API server, and what is around it."""

    around: Around
    proxy: ApiProxy
    operator: OperatorProcess

    def player(self, namespace: str, name: str = "tone") -> RunPlayer:
        """A run to be played before the operator."""
        around = self.around
        return RunPlayer(around.plane, namespace, around.history, around.port, name)

    def settle(self, namespace: str) -> None:
        """Return once the operator is through with what came before, as another object shows."""
        last = self.player(namespace, "last")
        last.create(suspend=True)
        last.await_word("Suspended", "True")
        last.jobs.delete(last.name)


@contextmanager
def prepared(folder: Path) -> Iterator[ControlPlane]:
    """API server and controllers that know the kind, with the operator's account, and no node."""
    with control_plane.running(folder, controller_manager=True, kind=True, audit=True) as plane:
        for name in ("rbac.yaml", "deployment.yaml"):
            plane.kubectl("apply", "--server-side", "-f", str(MANIFESTS / name))
        pods.add_node(plane)
        yield plane


@contextmanager
def opened(plane: ControlPlane) -> Iterator[Around]:
    """What operators share; at the end, what holds of all that they wrote."""
    began = datetime.now(UTC)
    with api_history.recorded(plane) as history, progress_port.listening() as port:
        yield Around(plane=plane, history=history, port=port)
    run_invariants.only_such_writes(plane, began)


@contextmanager
def operated(around: Around, folder: Path, *, namespaces: Sequence[str] = ()) -> Iterator[World]:
    """An operator that is ready, with the rights of its own account.

    Args:
        around: What it shares with others.
        folder: For its log.
        namespaces: Those that it looks after, alone among the operators; all where empty.
    """
    name = namespaces[0] if namespaces else "operator"
    lease_rights.give(around.plane, name)
    with api_proxy.before(around.plane) as proxy:
        kubeconfig = operator_process.account_kubeconfig(around.plane, server=proxy.url)
        with operator_process.running(
            kubeconfig,
            folder,
            name=name,
            lease_name=name,
            namespaces=",".join(namespaces),
            trainer_port=around.port.port,
            progress_seconds=PROGRESS_SECONDS,
        ) as operator:
            operator.ready()
            yield World(around=around, proxy=proxy, operator=operator)
