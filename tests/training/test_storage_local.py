"""Files of this machine and claims as objects."""

import os
from pathlib import Path

import pytest

from preference_api import wire
from preference_api.v1alpha1.storage import Storage
from preference_trainer.errors import (
    ConfigurationError,
    StorageRefused,
    StorageUnavailable,
    TrainerError,
)
from preference_trainer.storage import Location, NotFound, open_location


def open_folder(folder: Path) -> Location:
    return open_location(folder.as_uri(), Storage(), local=True)


@pytest.fixture
def claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(wire, "CLAIMS_FOLDER", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path


def test_a_claim_lies_below_its_folder(claims: Path) -> None:
    (claims / "models/base").mkdir()
    (claims / "models/base/config.json").write_bytes(b"{}")
    place = open_location("pvc://models/base/", Storage())
    assert place.uri == "pvc://models/base"
    assert (place / "config.json").read() == b"{}"
    assert [item.name for item in open_location("pvc://models", Storage()).list()] == [
        "base/config.json"
    ]


def test_an_absent_claim_is_named(claims: Path) -> None:
    with pytest.raises(NotFound, match="claim other of pvc://other/x is not mounted") as refusal:
        open_location("pvc://other/x", Storage())
    assert refusal.value.reason == "NoSuchClaim"
    assert "PersistentVolumeClaim" in refusal.value.remedy


@pytest.mark.parametrize(
    "uri", ["pvc://models/../other", "pvc://..", "pvc:///x", "pvc://models/a//b", "pvc://models/."]
)
def test_a_claim_is_not_left(claims: Path, uri: str) -> None:
    with pytest.raises(ConfigurationError, match="step of its path"):
        open_location(uri, Storage())


def test_files_of_this_machine_need_a_local_run(tmp_path: Path) -> None:
    with pytest.raises(StorageRefused, match="only in local runs") as refusal:
        open_location(tmp_path.as_uri(), Storage())
    assert "s3://" in refusal.value.remedy


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("file://relative/x", "no absolute path"),
        ("file:///a/../b", "step of its path"),
        ("file:///a/%2e%2e/b", "step of its path"),
    ],
)
def test_paths_that_are_not_taken(uri: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        open_location(uri, Storage(), local=True)


def test_names_with_blanks_and_letters_survive_a_uri(tmp_path: Path) -> None:
    folder = tmp_path / "my pairs ü 100%"
    place = open_folder(folder) / "a b.txt"
    place.write(b"1")
    assert (folder / "a b.txt").read_bytes() == b"1"
    assert place.uri == (folder / "a b.txt").as_uri()
    assert open_location(place.uri, Storage(), local=True).read() == b"1"


def test_what_belongs_to_a_write_is_no_object(tmp_path: Path) -> None:
    place = open_folder(tmp_path / "x")
    etag = (place / "a").write(b"1")
    (place / "a").write(b"2", if_match=etag)
    (tmp_path / "x" / ".b.0123.part").write_bytes(b"half")
    (tmp_path / "x" / "poetry.lock").write_bytes(b"of somebody else")
    assert [item.name for item in place.list()] == ["a", "poetry.lock"]


def test_files_are_readable_as_the_umask_says(tmp_path: Path) -> None:
    (open_folder(tmp_path) / "a").write(b"1")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_reader_keeps_the_version_it_opened(tmp_path: Path) -> None:
    place = open_folder(tmp_path) / "a"
    place.write(b"old")
    with place.open() as body:
        place.write(b"new")
        assert body.read() == b"old"


def test_a_folder_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    with pytest.raises(StorageRefused, match="cannot be reached"):
        (open_folder(tmp_path) / "a").write(b"1")
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(TrainerError):
        (open_folder(tmp_path) / "file/x").write(b"1")


SIZE = 2 << 20


def test_a_full_disk_is_told_by_a_write(small_disk: Path) -> None:
    place = open_folder(small_disk) / "a/b"
    with pytest.raises(StorageUnavailable) as full:
        place.write(b"x" * SIZE)
    tells_a_full_disk(full.value, place, small_disk)


def test_a_full_disk_is_told_by_an_upload(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * SIZE)
    place = open_folder(small_disk) / "a/b"
    with pytest.raises(StorageUnavailable) as full:
        place.upload(tmp_path / "source")
    tells_a_full_disk(full.value, place, small_disk)


def test_a_full_disk_is_told_by_a_download(place: Location, small_disk: Path) -> None:
    (place / "x").write(b"x" * SIZE)
    with pytest.raises(StorageUnavailable) as full:
        (place / "x").download(small_disk / "a/b")
    tells_a_full_disk(full.value, place / "x", small_disk)


def tells_a_full_disk(error: TrainerError, place: Location, disk: Path) -> None:
    assert error.reason == "DiskFull"
    for part in (place.uri, f"{SIZE:,} bytes", str(disk)):
        assert part in error.message
    assert not [path for path in disk.rglob("*") if path.is_file()]
