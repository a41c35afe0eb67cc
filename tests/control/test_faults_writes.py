"""The operator is killed before and after each single write of a run, and started anew."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

import api_history
import api_proxy
import operator_process
import plane_objects
import progress_port
import run_invariants
from api_faults import Side
from control_plane import ControlPlane
from fault_lanes import WRITES, Case, Lane, WritesOf, failures, play, written

pytestmark = pytest.mark.cluster

LANES = 4
SETTINGS = {"progress_seconds": 0.2}


@pytest.fixture(scope="module")
def lanes(control: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    """Lanes with an operator each, that knows no other's namespace."""
    began = datetime.now(UTC)
    with ExitStack() as stack:
        history = stack.enter_context(api_history.recorded(control))
        port = stack.enter_context(progress_port.listening())
        folder = tmp_path_factory.mktemp("lanes")
        yield [lane(stack, control, history, port, folder) for _number in range(LANES)]
    run_invariants.only_such_writes(control, began)


def lane(
    stack: ExitStack,
    control: ControlPlane,
    history: api_history.History,
    port: progress_port.ProgressPort,
    folder: Path,
) -> Lane:
    namespace = f"lane-{uuid.uuid4().hex[:8]}"
    plane_objects.make_namespace(control, namespace)
    proxy = stack.enter_context(api_proxy.before(control))
    kubeconfig = operator_process.account_kubeconfig(control, server=proxy.url)
    operator = stack.enter_context(
        operator_process.running(
            kubeconfig,
            folder,
            name=namespace,
            lease_name=namespace,
            namespaces=namespace,
            trainer_port=port.port,
            **SETTINGS,
        )
    )
    return Lane(
        plane=control,
        history=history,
        port=port,
        proxy=proxy,
        operator=operator,
        namespace=namespace,
    )


def test_the_writes_of_a_whole_run(lanes: list[Lane]) -> None:
    player = lanes[0].player("whole")
    player.play()
    player.record.until(lambda: "event Trained" in written(player.record))
    assert written(player.record) == list(WRITES), "\n".join(written(player.record))
    assert len(lanes[0].proxy.writes) == len(WRITES)
    run_invariants.hold_of_one_run(player.record)


def test_killed_at_any_write_it_goes_on(lanes: list[Lane]) -> None:
    cases = [Case(number + 1, side.value) for number in range(len(WRITES)) for side in Side]
    failed = failures(lanes, cases, kill)
    assert not failed, "\n".join([*failed, f"of {WRITES}"])


def kill(lane: Lane, case: Case) -> None:
    """Kill the operator before or after a write, start it anew, and see the run through."""
    process = lane.operator.process

    def start_anew() -> None:
        process.kill()
        process.start()

    writes = WritesOf(lane.namespace, case.name)
    side = Side(case.fault)
    killed = lane.proxy.kill_at_write(case.number, side, start_anew, when=writes)
    play(lane, case, writes)
    assert killed.done
