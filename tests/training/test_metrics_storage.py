"""Requests to S3 are counted: what was answered, what was made again, how many bytes."""

import os
from pathlib import Path

import pytest

import broken_proxy
import s3_servers
from metrics_scrapes import Scrape
from preference_trainer.errors import StorageUnavailable
from preference_trainer.metrics import Metrics
from preference_trainer.storage import Location, open_location
from preference_trainer.storage.s3 import PART_BYTES
from s3_servers import S3Server

LARGE = PART_BYTES + 1000


def opened(server: S3Server, metrics: Metrics, **storage: object) -> Location:
    uri = f"s3://{server.new_bucket()}"
    return open_location(uri, server.storage(**storage), metrics=metrics)


def scrape(metrics: Metrics) -> Scrape:
    return Scrape.of(metrics.text().decode())


def requests(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return scrape(metrics).by_label("s3_requests_total", "op", "code")


def test_requests_by_operation_and_code(s3: S3Server) -> None:
    metrics = Metrics(job="job")
    place = opened(s3, metrics) / "x"
    assert scrape(metrics).value("s3_retries_total") == 0
    assert place.stat() is None
    place.write(b"content", if_absent=True)
    assert place.read() == b"content"
    place.list()
    place.delete_tree()
    seen = requests(metrics)
    assert seen["HeadObject", "404"] == 1
    assert seen["PutObject", "200"] == 1
    assert seen["HeadObject", "200"] == 1
    # The refused HEAD has no body that says why, so the object is asked for, too.
    assert (seen["GetObject", "404"], seen["GetObject", "200"]) == (1, 1)
    assert {op for op, _code in seen} >= {"ListObjectsV2"}
    assert scrape(metrics).value("s3_retries_total") == 0
    assert scrape(metrics).by_label("s3_bytes_total", "direction") == {("in",): 7, ("out",): 7}


@pytest.mark.parametrize("checksums", ["WhenSupported", "WhenRequired"])
def test_bytes_of_objects_that_travel_in_parts(
    s3: S3Server, tmp_path: Path, checksums: str
) -> None:
    metrics = Metrics(job="job")
    place = opened(s3, metrics, checksums=checksums) / "large"
    (tmp_path / "large").write_bytes(os.urandom(LARGE))
    place.upload(tmp_path / "large")
    place.download(tmp_path / "copy")
    moved = scrape(metrics).by_label("s3_bytes_total", "direction")
    assert moved == {("in",): LARGE, ("out",): LARGE}
    assert requests(metrics)["UploadPart", "200"] == 2


def test_busy_server_is_counted_with_its_code_and_each_further_try(
    s3_versitygw: S3Server, no_waiting: None
) -> None:
    metrics, bucket = Metrics(job="job"), s3_versitygw.new_bucket()
    with broken_proxy.before(s3_versitygw.endpoint) as proxy:
        storage = s3_versitygw.storage(endpoint=proxy.endpoint)
        place = open_location(f"s3://{bucket}/x", storage, metrics=metrics)
        proxy.busy = 3
        place.write(b"content")
        assert requests(metrics) == {("PutObject", "503"): 3, ("PutObject", "200"): 1}
        assert scrape(metrics).value("s3_retries_total") == 3
        assert scrape(metrics).value("s3_bytes_total", direction="out") == 4 * len(b"content")
        proxy.busy = 1000
        with pytest.raises(StorageUnavailable):
            place.write(b"content")
    assert requests(metrics)["PutObject", "503"] == 3 + 5
    assert scrape(metrics).value("s3_retries_total") == 3 + 4


def test_answer_that_breaks_off_is_counted_as_a_further_try(
    s3_versitygw: S3Server, no_waiting: None
) -> None:
    metrics, bucket = Metrics(job="job"), s3_versitygw.new_bucket()
    s3_versitygw.put(bucket, "x", b"pairs" * 1000)
    with broken_proxy.before(s3_versitygw.endpoint) as proxy:
        storage = s3_versitygw.storage(endpoint=proxy.endpoint)
        proxy.cuts = 2
        place = open_location(f"s3://{bucket}/x", storage, metrics=metrics)
        assert place.read() == b"pairs" * 1000
    assert requests(metrics)["GetObject", "200"] == 3
    assert scrape(metrics).value("s3_retries_total") == 2
    assert scrape(metrics).value("s3_bytes_total", direction="in") == 5000


def test_server_that_does_not_answer_is_an_error(s3_moto: S3Server, no_waiting: None) -> None:
    metrics = Metrics(job="job")
    nowhere = s3_moto.storage(endpoint=f"http://127.0.0.1:{s3_servers.free_port()}")
    with pytest.raises(StorageUnavailable):
        open_location("s3://some-bucket/x", nowhere, metrics=metrics).write(b"content")
    assert requests(metrics) == {("PutObject", "error"): 5}
    assert scrape(metrics).value("s3_retries_total") == 4
