"""A namespace of the control plane with operators that look after it alone.

What goes wrong in or between them is the test's doing. What has to hold whatever goes wrong is
looked at when the scene closes.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import api_proxy
import lease_rights
import operator_process
import run_invariants
from api_history import EVENTS, History, recorded
from api_proxy import ApiProxy
from awaiting import until
from control_plane import ControlPlane
from operator_process import OperatorProcess
from pods import Kubelet
from preference_jobs import PreferenceJobs
from progress_port import ProgressPort, listening
from run_player import RunPlayer

QUICK = {"lease_seconds": 5, "renew_seconds": 4}
"""A Lease that is over in seconds."""
_PATIENT = {"lease_seconds": 600, "renew_seconds": 500}
"""A Lease that nobody gets by waiting, and nobody loses on a slow machine."""
_ALWAYS = {"retry_seconds": 0.3, "progress_seconds": 0.5}
_MOST_WRITES = 60
"""Of the operator's for one object, whatever happens; a run that nothing happens to takes 21."""
_MOST_EVENTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where operators are started, and the runs that they work on.

    Args:
        plane: The control plane.
        namespace: The one that they look after.
        folder: For their logs.
        history: Everything that the API server stored since the scene was opened.
        began: When that was.
        port: Where training pods answer.
        operators: All that were started.
    """

    plane: ControlPlane
    namespace: str
    folder: Path
    history: History
    began: datetime
    port: ProgressPort
    _stack: ExitStack
    operators: list[OperatorProcess] = field(default_factory=list)
    _players: list[RunPlayer] = field(default_factory=list)

    @property
    def jobs(self) -> PreferenceJobs:
        """The PreferenceJobs of the namespace."""
        return PreferenceJobs(self.plane, self.namespace)

    @property
    def kubelet(self) -> Kubelet:
        """The kubelet of the namespace's pods."""
        return Kubelet(self.plane, self.namespace)

    def player(self, name: str = "tone") -> RunPlayer:
        """Everybody that the run of one PreferenceJob depends on."""
        player = RunPlayer(self.plane, self.namespace, self.history, self.port, name)
        self._players.append(player)
        return player

    def proxy(self) -> ApiProxy:
        """A proxy of its own for one operator."""
        return self._stack.enter_context(api_proxy.before(self.plane))

    def operator(
        self, name: str = "operator", *, proxy: ApiProxy | None = None, **settings: object
    ) -> OperatorProcess:
        """An operator that was started; the first one leads soon, the others stand by.

        Args:
            name: Its identity.
            proxy: What it reaches the API server by; straight where absent.
            settings: Options other than the scene's.
        """
        options = {
            **_PATIENT,
            **_ALWAYS,
            "namespaces": self.namespace,
            "lease_name": self.namespace,
            "trainer_port": self.port.port,
            **settings,
        }
        kubeconfig = operator_process.account_kubeconfig(
            self.plane, server=proxy.url if proxy else ""
        )
        running = operator_process.running(kubeconfig, self.folder, name=name, **options)
        self.operators.append(self._stack.enter_context(running))
        return self.operators[-1]

    def leader(
        self, name: str = "operator", *, proxy: ApiProxy | None = None, **settings: object
    ) -> OperatorProcess:
        """An operator that leads and knows everything."""
        operator = self.operator(name, proxy=proxy, **settings)
        operator.ready()
        return operator

    @property
    def holder(self) -> str:
        """Who leads, as the Lease tells; empty where nobody does."""
        path = (
            f"/apis/coordination.k8s.io/v1/namespaces/{operator_process.NAMESPACE}"
            f"/leases/{self.namespace}"
        )
        spec: dict[str, Any] = self.plane.ask("GET", path)["spec"]
        return str(spec.get("holderIdentity", ""))

    def await_holder(self, name: str) -> None:
        """Return once an operator leads."""
        until(lambda: self.holder == name)

    def await_comparisons(self, count: int) -> None:
        """Return once an operator has so often compared what it knows with what there is.

        After each it looks at every object again.
        """
        since = datetime.now(UTC)
        until(lambda: self._comparisons(since) > count)

    def _comparisons(self, since: datetime) -> int:
        entries = self.plane.audit.of(run_invariants.OPERATOR, since=since)
        kinds = [one.resource for one in entries if one.verb == "list"]
        return kinds.count("pods")

    def conflicts(self, *, since: datetime) -> int:
        """How many writes of the operators' came too late, as the API server told them (409)."""
        entries = self.plane.audit.of(run_invariants.OPERATOR, since=since)
        return sum(one.code == HTTPStatus.CONFLICT for one in entries)

    def writes(self, *, since: datetime | None = None) -> list[str]:
        """Verb and object of what the operators wrote into the namespace, in order."""
        entries = self.plane.audit.of(run_invariants.OPERATOR, since=since or self.began)
        return [
            f"{entry.verb} {entry.resource}/{entry.name}"
            for entry in run_invariants.writes(entries)
            if entry.namespace == self.namespace
        ]


@contextmanager
def opened(plane: ControlPlane, namespace: str, folder: Path) -> Iterator[Scene]:
    """A scene, whose operators are killed at the end."""
    with ExitStack() as stack:
        scene = Scene(
            plane=plane,
            namespace=namespace,
            folder=folder,
            history=stack.enter_context(recorded(plane)),
            began=datetime.now(UTC),
            port=stack.enter_context(listening()),
            _stack=stack,
        )
        lease_rights.give(plane, namespace)
        yield scene
        _close(scene)


def _close(scene: Scene) -> None:
    """Assert what holds of every object, and that nobody did anything over and over."""
    for player in scene._players:
        run_invariants.hold(player.record)
        events = [version.body["reason"] for version in player.record.versions(EVENTS)]
        assert len(events) <= _MOST_EVENTS, f"there were {len(events)} Events: {events}"
    writes = scene.writes()
    assert len(writes) <= _MOST_WRITES * len(scene._players), f"the operator wrote {writes}"
