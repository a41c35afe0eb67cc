"""The series of a trainer: as the page names them, and as Prometheus wants them."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

import metrics_page
import prometheus_programs
from metrics_scrapes import Scrape
from preference_trainer.dataset.pairs import Fault
from preference_trainer.metrics import Metrics
from preference_trainer.metrics.rows import count_rows
from preference_trainer.metrics.series import (
    LAST_PROGRESS,
    S3_RETRIES,
    SERIES,
    STEP,
    STEP_DURATION,
    Counter,
    Gauge,
    Histogram,
)


def full() -> Metrics:
    """Metrics in which every series has a value."""
    metrics = Metrics(job="job")
    for series in SERIES:
        match series:
            case Gauge():
                metrics.set(series, 1.5)
            case Counter(labels=labels):
                metrics.add(series, 2, **dict.fromkeys(labels, "value"))
            case Histogram():
                metrics.observe(series, 0.3)
    return metrics


def test_page_and_process_name_the_same_series() -> None:
    families = text_string_to_metric_families(full().text().decode())
    served = [
        (
            # The parser takes the ending off a counter.
            family.name + ("_total" if family.type == "counter" else ""),
            family.type,
            tuple(label for label in family.samples[0].labels if label != "le"),
            family.documentation,
        )
        for family in families
        if not family.name.startswith("process_")
    ]
    page = [(row.name, row.type, row.labels, row.meaning) for row in metrics_page.rows("Training")]
    assert sorted((*one[:2], sorted(one[2]), one[3]) for one in served) == sorted(
        (*one[:2], sorted(one[2]), one[3]) for one in page
    )


def test_promtool_finds_nothing_to_say() -> None:
    prometheus_programs.check_metrics(full().text().decode())


def scrape(metrics: Metrics) -> Scrape:
    return Scrape.of(metrics.text().decode())


def test_series_are_absent_until_they_are_known_and_when_they_are_forgotten() -> None:
    metrics = Metrics(job="job")
    assert not [name for name, _ in scrape(metrics).values if name.startswith("preference_")]
    metrics.set(STEP, 0)
    metrics.set(LAST_PROGRESS, 1)
    metrics.add(S3_RETRIES, 0)
    seen = scrape(metrics)
    assert (seen.value("step"), seen.value("s3_retries_total")) == (0, 0)
    metrics.forget(STEP, LAST_PROGRESS)
    assert scrape(metrics).value("step") is None
    assert scrape(metrics).value("s3_retries_total") == 0


def test_processes_count_for_themselves() -> None:
    one, other = Metrics(job="job"), Metrics(job="job")
    one.add(S3_RETRIES, 3)
    assert scrape(one).value("s3_retries_total") == 3
    assert scrape(other).value("s3_retries_total") is None


def test_name_of_the_object_is_bounded() -> None:
    metrics = Metrics(job="x" * 1000)
    metrics.set(STEP, 1)
    assert scrape(metrics).by_label("step", "preferencejob") == {("x" * 253,): 1}


def test_failed_work_has_no_duration() -> None:
    metrics = Metrics(job="job")
    with pytest.raises(ValueError, match="broken"), metrics.timed(STEP_DURATION):
        raise ValueError("broken")
    assert scrape(metrics).value("step_duration_seconds_count") is None
    with metrics.timed(STEP_DURATION):
        pass
    assert scrape(metrics).value("step_duration_seconds_count") == 1


def test_rows_are_told_by_reason_and_no_other_word_becomes_a_label() -> None:
    metrics = Metrics(job="job")
    findings = [
        {"kind": Fault.DUPLICATE, "count": 3},
        {"kind": "over maxLength", "count": 2},
        {"kind": "s3://bucket/secret.jsonl", "count": 5},
    ]
    count_rows({"rows": 60, "findings": findings}, metrics)
    seen = scrape(metrics)
    assert seen.value("data_rows") == 60
    assert seen.by_label("data_skipped_total", "reason") == {
        ("duplicate",): 3,
        ("over maxLength",): 2,
        ("other",): 5,
    }
