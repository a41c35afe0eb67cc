import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import log_server
from awaiting import until
from log_server import LogServer
from preference_cli.cluster import follow
from preference_cli.cluster.api import Cluster
from preference_cli.cluster.follow import Follower, is_later
from preference_cli.cluster.kubeconfig import Access, connect


class Reader:
    """Somebody who follows the logs of `tiny`, in a thread."""

    def __init__(self, cluster: Cluster, stage: str | None = None) -> None:
        self.lines: list[str] = []
        self.notices: list[str] = []
        follower = Follower(
            cluster=cluster,
            name="tiny",
            stage=stage,
            line=self.lines.append,
            notice=self.notices.append,
        )
        self._thread = threading.Thread(target=follower.run, daemon=True)
        self._thread.start()

    def until(self, *lines: str) -> None:
        until(lambda: self.lines == list(lines))

    def until_told(self, words: str) -> None:
        until(lambda: any(words in notice for notice in self.notices))

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[LogServer, Cluster]]:
    monkeypatch.setattr(follow, "_LOOK_SECONDS", 0.02)
    with log_server.serving(tmp_path) as (state, kubeconfig):
        yield state, Cluster(connect(Access(kubeconfig=str(kubeconfig))))


def test_goes_from_check_to_train_and_ends_with_the_job(
    server: tuple[LogServer, Cluster],
) -> None:
    state, cluster = server
    reader = Reader(cluster)
    reader.until_told("waiting for a pod; Training")
    state.start("check-0", stage="check")
    state.write("check-0", "a")
    reader.until("a")
    state.write("check-0", "b")
    state.end("check-0", "Succeeded")
    state.start("train-0")
    state.write("train-0", "c")
    reader.until("a", "b", "c")
    state.end("train-0", "Succeeded")
    state.finish()
    until(lambda: reader.over)
    assert [notice for notice in reader.notices if notice.startswith("log of ")] == [
        "log of check-0",
        "log of train-0",
    ]


def test_goes_on_with_the_pod_after_a_preemption(server: tuple[LogServer, Cluster]) -> None:
    state, cluster = server
    state.start("train-a")
    state.write("train-a", "a")
    reader = Reader(cluster)
    reader.until("a")
    state.write("train-a", "saved")
    state.end("train-a", "Failed")
    state.add("train-b", phase="Pending", reason="Unschedulable")
    reader.until_told("train-b has not started: Unschedulable")
    state.start("train-b")
    state.write("train-b", "b")
    reader.until("a", "saved", "b")


def test_begins_with_the_newest_pod(server: tuple[LogServer, Cluster]) -> None:
    state, cluster = server
    state.start("train-a")
    state.write("train-a", "old")
    state.end("train-a", "Failed")
    state.start("train-b")
    state.write("train-b", "new")
    Reader(cluster).until("new")


def test_a_cut_log_is_taken_up_where_it_was_cut(server: tuple[LogServer, Cluster]) -> None:
    state, cluster = server
    state.start("train-a")
    state.write("train-a", "a", "b")
    reader = Reader(cluster)
    reader.until("a", "b")
    state.cut("train-a")
    reader.until_told("trying again")
    state.write("train-a", "c")
    reader.until("a", "b", "c")
    assert "sinceTime=2026-01-02T03%3A04%3A01.000000001Z" in state.asked[-1]


def test_a_log_that_a_node_lost_does_not_hold_up_the_next(
    server: tuple[LogServer, Cluster],
) -> None:
    state, cluster = server
    state.start("train-a")
    state.refuse("train-a", 500)
    reader = Reader(cluster)
    reader.until_told("train-a: the API server of context stand-in does not answer")
    state.end("train-a", "Failed")
    state.start("train-b")
    state.write("train-b", "b")
    reader.until("b")


def test_a_pod_that_vanished_is_passed_over(server: tuple[LogServer, Cluster]) -> None:
    state, cluster = server
    state.start("train-a")
    state.refuse("train-a", 404)
    reader = Reader(cluster)
    reader.until_told("log of train-a")
    state.start("train-b")
    state.write("train-b", "b")
    reader.until("b")


def test_a_stage_ends_with_its_pod(server: tuple[LogServer, Cluster]) -> None:
    state, cluster = server
    state.start("check-0", stage="check")
    state.write("check-0", "a")
    reader = Reader(cluster, stage="check")
    reader.until("a")
    state.end("check-0", "Succeeded")
    state.start("train-0")
    state.write("train-0", "b")
    until(lambda: reader.over)
    assert reader.lines == ["a"]


def test_lines_without_a_time_are_kept_whole(server: tuple[LogServer, Cluster]) -> None:
    state, cluster = server
    state.start("train-a")
    state.write("train-a", "a")
    state.pods["train-a"].lines.append("unable to retrieve container logs for x")
    Reader(cluster).until("a", "unable to retrieve container logs for x")


@pytest.mark.parametrize(
    ("moment", "since", "later"),
    [
        ("2026-01-02T03:04:05.000000001Z", "", True),
        ("2026-01-02T03:04:05.000000002Z", "2026-01-02T03:04:05.000000001Z", True),
        ("2026-01-02T03:04:05.000000001Z", "2026-01-02T03:04:05.000000001Z", False),
        ("2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.02Z", True),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.02Z", False),
        ("2026-10-25T02:00:01.5+01:00", "2026-10-25T02:59:59.9+02:00", True),
        ("2026-10-25T01:30:00Z", "2026-10-25T03:00:00+01:00", False),
    ],
)
def test_times_are_compared_to_the_nanosecond_in_any_zone(
    moment: str, since: str, later: bool
) -> None:
    assert is_later(moment, since) is later
