"""What a scrape tells, and how: names, bounds, formats, and the page that lists it all."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

import metrics_page
import prometheus_programs
from metrics_page import Row
from operator_builders import checked, finished, preference_job
from preference_operator.asked import Asked, asked_of
from preference_operator.attempts import MOST_REASONS, OTHER
from preference_operator.families import State, families
from preference_operator.figures import Figures
from preference_operator.happenings import Begun, Ended, Happening
from preference_operator.metrics import Metrics
from preference_operator.objects import Job, read_job
from scrapes import told

PROGRESS = {
    "percent": 50,
    "loss": 0.5,
    "rewardMargin": 0.1,
    "rewardAccuracy": 0.6,
    "updatedAt": "2026-01-02T03:00:00Z",
}
HAPPENING = Happening(
    attempts=1,
    reason="OOMKilled",
    ended=Ended(method="DPO", result="Trained", seconds=7200),
    begun=Begun(stage="train", seconds=40),
)
OPEN = "application/openmetrics-text"


def job(name: str = "job") -> Job:
    """An object."""
    return read_job(preference_job(name=name))


def figures(name: str = "job", state: str = "Training", created: str = "") -> Figures:
    """An object of which everything is known."""
    body = checked()
    status = {**body["status"], "progress": PROGRESS, "state": state}
    metadata = {**body["metadata"], "creationTimestamp": created}
    return Figures.of({**body, "metadata": metadata, "status": status}, ("team", name))


def busy() -> Metrics:
    """Metrics in which everything has happened."""
    metrics = Metrics()
    with metrics.passing() as outcome:
        outcome.failure = "Conflict"
    with metrics.asking("GET", "/api/v1/pods") as answered:
        answered.code = "200"
    metrics.came_too_late()
    metrics.posted_event()
    metrics.happened(job(), HAPPENING)
    return metrics


@dataclass(frozen=True, kw_only=True)
class Told:
    """A metric as a scrape tells it."""

    type: str
    labels: frozenset[str]
    meaning: str


def exposed() -> Iterator[tuple[str, Told]]:
    """Every metric of the operator's own, by its name."""
    scrape = told(busy(), [figures()], heard={"jobs": 1.0})
    for family in text_string_to_metric_families(scrape.text):
        end = "_total" if family.type == "counter" else ""
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        if not family.name.startswith("process_"):
            yield (
                family.name + end,
                Told(type=family.type, labels=frozenset(labels), meaning=family.documentation),
            )


def as_told(row: Row) -> Told:
    """A line of the page in place of a metric."""
    return Told(type=row.type, labels=frozenset(row.labels), meaning=row.meaning)


def test_the_page_lists_what_is_told_and_nothing_else() -> None:
    page = {row.name: as_told(row) for row in metrics_page.rows("Operator")}
    assert page == dict(exposed())


def test_promtool_is_content_with_what_is_told() -> None:
    prometheus_programs.check_metrics(told(busy(), [figures()], heard={"jobs": 1.0}).text)


def test_the_process_is_told_and_no_time_of_creation() -> None:
    text = told(busy(), [figures()]).text
    assert "process_resident_memory_bytes " in text
    assert "_created" not in text


def test_metrics_of_two_processes_have_nothing_in_common() -> None:
    one, other = Metrics(), Metrics()
    one.posted_event()
    assert told(one).value("preference_events_posted_total") == 1
    assert told(other).value("preference_events_posted_total") == 0


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version=0.0.4"),
        (f"{OPEN};version=garbage", "text/plain; version=0.0.4"),
        ("text/plain;version=1.0.0", "text/plain; version=1.0.0"),
        (OPEN, f"{OPEN}; version=1.0.0"),
        (f"{OPEN};version=1.0.0;q=0.8,text/plain;q=0.5", f"{OPEN}; version=1.0.0"),
    ],
)
def test_the_format_is_what_the_scraper_can_read(accept: str, content_type: str) -> None:
    stands = families(State(version="1", leads=True, jobs=[figures()]), most_jobs=1)
    text, told_type = asyncio.run(busy().told(accept, stands))
    assert told_type.startswith(f"{content_type}; charset=utf-8")
    if content_type.startswith(OPEN):
        assert len(list(open_metrics(text.decode()))) > len(metrics_page.rows("Operator"))


def test_objects_are_counted_by_state_and_told_one_by_one() -> None:
    jobs = [figures("a"), figures("b"), figures("c", "Failed")]
    scrape = told(Metrics(), jobs)
    assert scrape.value("preference_jobs", namespace="team", state="Training") == 2
    assert scrape.values("preference_job_state", "state") == {"Training": 2, "Failed": 1}
    assert scrape.values("preference_job_info", "run") == {"run-1": 3}
    assert scrape.value("preference_jobs_without_series") == 0


def test_a_value_that_is_not_known_has_no_series() -> None:
    found = replace(figures(), loss=None, progress=None)
    names = told(Metrics(), [found]).about(preferencejob="job")
    assert "preference_job_reward_margin" in names
    assert not names & {"preference_job_loss", "preference_job_progress_ratio"}


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0, set()),
        (1, {"new"}),
        (2, {"new", "old"}),
        (3, {"new", "old", "failed"}),
        (4, {"new", "old", "failed", "done"}),
    ],
)
def test_what_is_not_over_is_told_first_and_then_what_is_newer(
    most: int, expected: set[str]
) -> None:
    jobs = [
        figures("done", "Succeeded", "2026-01-01"),
        figures("old", "Queued", "2025-01-01"),
        figures("failed", "Failed", "2026-01-02"),
        figures("new", "Training", "2026-01-01"),
    ]
    scrape = told(Metrics(), jobs, most_jobs=most)
    assert set(scrape.values("preference_job_state", "preferencejob")) == expected
    assert scrape.value("preference_jobs_without_series") == 4 - most
    assert sum(scrape.values("preference_jobs", "state").values()) == 4


def test_a_pod_cannot_make_more_than_a_few_series() -> None:
    metrics = Metrics()
    for number in range(50):
        metrics.happened(job(), replace(HAPPENING, reason=f"Reason{number}"))
    metrics.happened(job(), replace(HAPPENING, reason="Reason0", attempts=2))
    found = told(metrics, [figures()]).values("preference_job_attempts_total", "reason")
    assert len(found) == MOST_REASONS + 1
    assert (found["Reason0"], found[OTHER]) == (3, 50 - MOST_REASONS)


def test_counts_begin_anew_with_another_object_of_the_name() -> None:
    metrics, earlier = Metrics(), replace(job(), uid="earlier")
    metrics.happened(earlier, replace(HAPPENING, attempts=5))
    assert told(metrics, [figures()]).values("preference_job_attempts_total", "reason") == {}
    metrics.happened(job(), HAPPENING)
    found = told(metrics, [figures()]).values("preference_job_attempts_total", "reason")
    assert found == {"OOMKilled": 1}


def test_labels_that_hold_anything_are_told_as_they_are() -> None:
    odd = replace(figures(), model='s3://"quoted"\\and\nbroken/…')
    scrape = told(Metrics(), [odd])
    assert set(scrape.values("preference_job_info", "model")) == {odd.model}


def test_an_unfinished_job_becomes_a_finished_one() -> None:
    over = Figures.of(finished(), ("team", "job"))
    assert told(Metrics(), [over]).values("preference_job_state", "state") == {"Succeeded": 1}


PREFERENCE = "/apis/preference.dev/v1alpha1"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{PREFERENCE}/preferencejobs?limit=100", ("list", "preferencejobs")),
        ("GET", f"{PREFERENCE}/namespaces/team/preferencejobs", ("list", "preferencejobs")),
        (
            "PATCH",
            f"{PREFERENCE}/namespaces/team/preferencejobs/job/status?fieldManager=x",
            ("patch", "preferencejobs/status"),
        ),
        ("DELETE", f"{PREFERENCE}/namespaces/a/preferencejobs/job", ("delete", "preferencejobs")),
        ("POST", "/apis/batch/v1/namespaces/team/jobs?a=/b/", ("create", "jobs")),
        ("GET", "/apis/batch/v1/namespaces/jobs/jobs/jobs", ("get", "jobs")),
        ("GET", "/api/v1/namespaces/events/pods/x", ("get", "pods")),
        ("GET", "/api/v1/pods", ("list", "pods")),
        ("GET", "/api/v1/namespaces/default", ("get", "namespaces")),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", ("update", "leases")),
        ("GET", "/", ("list", "")),
    ],
)
def test_a_call_in_words_of_rbac(method: str, path: str, expected: tuple[str, str]) -> None:
    assert asked_of(method, path) == Asked(*expected)
