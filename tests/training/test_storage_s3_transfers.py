"""How bytes travel to and from S3: in parts, through broken connections, under changes."""

import os
from pathlib import Path

import pytest

import broken_proxy
from preference_trainer.errors import StoppedEarly, StorageUnavailable
from preference_trainer.storage import Damaged, Location, ObjectInfo, open_location
from preference_trainer.storage.s3 import PART_BYTES, S3Store
from s3_servers import S3Server

LARGE = 20 << 20


def bucket_of(server: S3Server, **changes: object) -> Location:
    return open_location(f"s3://{server.new_bucket()}", server.storage(**changes))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.bin"
    path.write_bytes(os.urandom(LARGE))
    return path


@pytest.mark.parametrize("checksums", ["WhenSupported", "WhenRequired"])
def test_large_files_travel_in_parts(
    s3: S3Server, large: Path, tmp_path: Path, checksums: str
) -> None:
    place = bucket_of(s3, checksums=checksums) / "large"
    sent: list[int] = []
    got: list[int] = []
    record = place.upload(large, on_bytes=sent.append)
    assert place.stat().etag.endswith("-2"), "two parts"  # type: ignore[union-attr]
    assert (
        place.download(tmp_path / "copy", sha256=record.sha256, on_bytes=got.append).size == LARGE
    )
    assert (tmp_path / "copy").read_bytes() == large.read_bytes()
    assert sum(sent) == sum(got) == LARGE > PART_BYTES


def test_what_progress_raises_ends_a_large_upload(s3: S3Server, large: Path) -> None:
    def stop(count: int) -> None:
        raise StoppedEarly("told to stop", remedy="start again")

    place = bucket_of(s3)
    with pytest.raises(StoppedEarly):
        (place / "large").upload(large, on_bytes=stop)
    assert place.list() == []


def test_a_body_that_breaks_off_is_fetched_again(
    s3: S3Server, large: Path, tmp_path: Path, no_waiting: None
) -> None:
    bucket = s3.new_bucket()
    s3.put(bucket, "large", large.read_bytes())
    with broken_proxy.before(s3.endpoint) as proxy:
        place = open_location(f"s3://{bucket}/large", s3.storage(endpoint=proxy.endpoint))
        proxy.cuts = 3
        place.download(tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == large.read_bytes()
        assert proxy.cuts == 0
        ranges = [span for method, span in proxy.requests if method == "GET"]
        assert len(ranges) == 6
        assert set(ranges) == {
            "bytes=0-8388607",
            "bytes=8388608-16777215",
            "bytes=16777216-20971519",
        }


def test_a_body_that_always_breaks_off_is_never_taken(
    s3: S3Server, tmp_path: Path, no_waiting: None
) -> None:
    bucket = s3.new_bucket()
    s3.put(bucket, "x", b"pairs" * 1000)
    with broken_proxy.before(s3.endpoint) as proxy:
        place = open_location(f"s3://{bucket}/x", s3.storage(endpoint=proxy.endpoint))
        proxy.cuts = 1000
        for reading in (place.read, lambda: place.download(tmp_path / "x")):
            with pytest.raises(StorageUnavailable) as broken:
                reading()
            assert broken.value.reason == "Interrupted"
            assert place.uri in broken.value.message
    assert os.listdir(tmp_path) == []


def test_a_body_that_is_spoilt_is_fetched_again(s3: S3Server, no_waiting: None) -> None:
    bucket = s3.new_bucket()
    s3.put(bucket, "x", b"pairs" * 1000)
    with broken_proxy.before(s3.endpoint) as proxy:
        place = open_location(f"s3://{bucket}/x", s3.storage(endpoint=proxy.endpoint))
        proxy.flips = 1
        assert place.read() == b"pairs" * 1000
        assert proxy.flips == 0


def test_a_busy_server_is_asked_again(s3: S3Server, no_waiting: None) -> None:
    bucket = s3.new_bucket()
    with broken_proxy.before(s3.endpoint) as proxy:
        place = open_location(f"s3://{bucket}/x", s3.storage(endpoint=proxy.endpoint))
        proxy.busy = 3
        place.write(b"content")
        assert s3.get(bucket, "x") == b"content"
        proxy.busy = 1000
        with pytest.raises(StorageUnavailable, match="SlowDown"):
            place.write(b"other")


@pytest.mark.parametrize("size", [100, LARGE], ids=["one range", "three ranges"])
def test_an_object_that_changes_while_it_is_read(s3: S3Server, size: int) -> None:
    place = bucket_of(s3) / "x"
    place.write(b"a" * size)
    with place.open() as body:
        place.write(b"b" * size)
        with pytest.raises(StorageUnavailable) as changed:
            body.read()
    assert changed.value.reason == "Changed"


def test_an_upload_that_arrives_short_is_damage(
    s3_moto: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = bucket_of(s3_moto) / "x"
    look = S3Store.stat

    def replace_and_look(store: S3Store, key: str) -> ObjectInfo | None:
        s3_moto.put(store.bucket, key, b"c")
        return look(store, key)

    monkeypatch.setattr(S3Store, "stat", replace_and_look)
    (tmp_path / "source").write_bytes(b"content")
    with pytest.raises(Damaged, match=r"1 bytes arrived of 7"):
        place.upload(tmp_path / "source")
