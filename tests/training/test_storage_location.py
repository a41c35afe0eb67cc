"""One interface: every case runs on two S3 servers, a folder and a claim."""

import gzip
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from preference_trainer.errors import ConfigurationError, StoppedEarly
from preference_trainer.storage import Damaged, Location, NotFound, PreconditionFailed

NAMES = ["a.txt", "b/c.txt", "b/d/e f.txt", "b/ü.txt"]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("data", [b"", b"x", b"pairs\n" * 50_000], ids=["empty", "byte", "300 kB"])
def test_what_is_written_is_read(place: Location, data: bytes, tmp_path: Path) -> None:
    target = place / "a/b.txt"
    etag = target.write(data)
    found = target.stat()
    assert found is not None
    assert (found.name, found.size, found.etag) == ("b.txt", len(data), etag)
    assert target.read() == data
    record = target.download(tmp_path / "deep" / "copy", sha256=sha256(data))
    assert (record.size, record.sha256) == (len(data), sha256(data))
    assert (tmp_path / "deep" / "copy").read_bytes() == data


def test_a_file_goes_up_and_is_recorded(place: Location, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"weights" * 1000)
    moved: list[int] = []
    record = (place / "model/w.bin").upload(tmp_path / "source", on_bytes=moved.append)
    assert (record.name, record.size) == ("w.bin", 7000)
    assert record.sha256 == sha256(b"weights" * 1000)
    assert sum(moved) == 7000
    assert (place / "model/w.bin").read() == b"weights" * 1000


def test_a_listing_is_recursive_sorted_and_relative(place: Location) -> None:
    for name in reversed(NAMES):
        (place / name).write(name.encode())
    (place / "c.txt").write(b"beside")
    assert [item.name for item in place.list()] == sorted([*NAMES, "c.txt"])
    below = (place / "b").list()
    assert [(item.name, item.size) for item in below] == [
        ("c.txt", 7),
        ("d/e f.txt", 11),
        ("ü.txt", 8),
    ]
    assert below[1].etag == (place / "b/d/e f.txt").stat().etag  # type: ignore[union-attr]


def test_a_prefix_is_a_folder_and_no_beginning_of_a_name(place: Location) -> None:
    (place / "run-1/x").write(b"1")
    (place / "run-10/x").write(b"10")
    assert [item.name for item in (place / "run-1").list()] == ["x"]
    assert (place / "run").list() == []


def test_what_is_not_there(place: Location, tmp_path: Path) -> None:
    missing = place / "no/such"
    assert missing.stat() is None
    assert missing.list() == []
    missing.delete()
    missing.delete_tree()
    for reading in (missing.read, missing.open, lambda: missing.download(tmp_path / "copy")):
        with pytest.raises(NotFound) as refusal:
            reading()
        assert missing.uri in refusal.value.message
        assert "model.uri" in refusal.value.remedy
    assert not list(tmp_path.glob("copy*"))


def test_the_top_of_a_store_is_no_object(place: Location) -> None:
    (place / "a").write(b"1")
    top = Location(place.store, "")
    assert top.stat() is None
    assert top.name == ""
    with pytest.raises(NotFound):
        top.read()


def test_one_object_is_deleted_or_all_below(place: Location) -> None:
    for name in ("x/manifest.json", "x/y/manifest.json", "x/a", "z"):
        (place / name).write(b"1")
    (place / "x/a").delete()
    assert [item.name for item in place.list()] == ["x/manifest.json", "x/y/manifest.json", "z"]
    (place / "x").delete_tree()
    assert [item.name for item in place.list()] == ["z"]


def test_a_tree_ends_with_its_manifest(place: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "x/b", "x/manifest.json", "z", "manifest.json"):
        (place / name).write(b"1")
    deleted: list[str] = []
    delete = type(place.store).delete

    def note(store: Any, key: str) -> None:
        deleted.append(key.removeprefix(f"{place.key}/"))
        delete(store, key)

    monkeypatch.setattr(type(place.store), "delete", note)
    place.delete_tree()
    assert set(deleted[:2]) == {"manifest.json", "x/manifest.json"}
    assert set(deleted[2:]) == {"a", "x/b", "z"}


def test_the_first_writer_wins(place: Location) -> None:
    target = place / "claim.json"
    etag = target.write(b"first", if_absent=True)
    with pytest.raises(PreconditionFailed) as refusal:
        target.write(b"second", if_absent=True)
    assert target.uri in refusal.value.message
    assert target.read() == b"first"
    assert target.stat().etag == etag  # type: ignore[union-attr]


def test_a_write_demands_the_version_that_was_read(place: Location) -> None:
    target = place / "current.json"
    first = target.write(b"one")
    second = target.write(b"two", if_match=first)
    with pytest.raises(PreconditionFailed):
        target.write(b"three", if_match=first)
    assert target.read() == b"two"
    target.write(b"three", if_match=second)
    assert target.read() == b"three"


def test_nothing_has_no_version(place: Location) -> None:
    with pytest.raises(PreconditionFailed):
        (place / "new.json").write(b"one", if_match="0" * 32)
    assert (place / "new.json").stat() is None


@pytest.mark.parametrize("place", ["versitygw", "file", "claim"], indirect=True)
def test_of_many_writers_at_once_one_wins(place: Location) -> None:
    # moto looks first and writes later, and may let two through.
    etag = (place / "moved").write(b"start")

    def race(number: int) -> tuple[bool, bool]:
        return (
            wins(place / "made", number, if_absent=True),
            wins(place / "moved", number, if_match=etag),
        )

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(race, range(8)))
    assert [sum(column) for column in zip(*results, strict=True)] == [1, 1]


def wins(target: Location, number: int, **condition: object) -> bool:
    try:
        target.write(b"writer %d" % number, **condition)  # type: ignore[arg-type]
    except PreconditionFailed:
        return False
    return True


def test_a_download_that_is_not_what_it_should_be_leaves_nothing(
    place: Location, tmp_path: Path
) -> None:
    (place / "x").write(b"other")
    (tmp_path / "copy").mkdir()
    with pytest.raises(Damaged) as damage:
        (place / "x").download(tmp_path / "copy" / "x", sha256=sha256(b"right"))
    assert (place / "x").uri in damage.value.message
    assert os.listdir(tmp_path / "copy") == []


def test_a_half_download_of_before_is_not_taken_up(place: Location, tmp_path: Path) -> None:
    (place / "x").write(b"whole")
    (tmp_path / "x.part").write_bytes(b"rest of another attempt")
    (place / "x").download(tmp_path / "x", sha256=sha256(b"whole"))
    assert (tmp_path / "x").read_bytes() == b"whole"
    assert not (tmp_path / "x.part").exists()


def test_what_progress_raises_ends_a_download(place: Location, tmp_path: Path) -> None:
    (place / "x").write(b"content")
    (tmp_path / "copy").mkdir()
    with pytest.raises(StoppedEarly):
        (place / "x").download(tmp_path / "copy" / "x", on_bytes=stop)
    assert os.listdir(tmp_path / "copy") == []


def test_what_progress_raises_ends_an_upload(place: Location, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"content")
    with pytest.raises(StoppedEarly):
        (place / "x").upload(tmp_path / "source", on_bytes=stop)


def stop(count: int) -> None:
    raise StoppedEarly("told to stop", remedy="start again")


def test_a_stream_goes_through_gzip(place: Location) -> None:
    (place / "pairs.jsonl.gz").write(gzip.compress(b'{"chosen": 1}\n' * 10_000))
    with gzip.open((place / "pairs.jsonl.gz").open()) as rows:
        assert sum(1 for _ in rows) == 10_000


@pytest.mark.parametrize("name", ["..", "a/../b", "/a", "a//b", "a/", "", ".", "a\\b"])
def test_names_stay_below_their_place(place: Location, name: str) -> None:
    with pytest.raises(ConfigurationError):
        place / name


def test_uri_and_name(place: Location) -> None:
    target = place / "a" / "b.txt"
    assert target.uri == place.uri + "/a/b.txt"
    assert (target.name, (place / "a").name) == ("b.txt", "a")
    assert not place.uri.endswith("/")
