"""Trees exist whole or not at all; every case runs on two S3 servers, a folder and a claim."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from preference_trainer.errors import ConfigurationError, StoppedEarly
from preference_trainer.storage import (
    Damaged,
    Location,
    NotFound,
    PreconditionFailed,
    fetch_tree,
    publish_tree,
    read_manifest,
)

FILES = {"model.safetensors": b"w" * 3_000_000, "config.json": b"{}", "state/rng/0.bin": b"\0\1"}
FILES |= {f"shard-{number:02}.bin": bytes([number]) * number for number in range(20)}


def folder_of(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "source", FILES)


def test_a_tree_comes_back_as_it_was(place: Location, folder: Path, tmp_path: Path) -> None:
    sent: list[int] = []
    got: list[int] = []
    manifest = publish_tree(
        folder, place, about={"step": 500, "world": [1, 2]}, on_bytes=sent.append
    )
    assert read_manifest(place) == manifest
    assert [record.name for record in manifest.files] == sorted(FILES)
    assert fetch_tree(place, tmp_path / "copy", on_bytes=got.append) == manifest
    assert contents(tmp_path / "copy") == FILES
    assert manifest.about == {"step": 500, "world": [1, 2]}
    assert sum(sent) == sum(got) == sum(map(len, FILES.values()))


def test_a_manifest_is_plain_json(place: Location, folder: Path) -> None:
    publish_tree(folder, place, about={"step": 1})
    manifest = json.loads((place / "manifest.json").read())
    assert set(manifest) == {"files", "about"}
    assert manifest["files"][0] == {
        "name": "config.json",
        "size": 2,
        "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }


def test_without_a_manifest_there_is_no_tree(place: Location, tmp_path: Path) -> None:
    (place / "config.json").write(b"{}")
    assert read_manifest(place) is None
    with pytest.raises(NotFound, match=r"manifest\.json"):
        fetch_tree(place, tmp_path / "copy")


def test_an_upload_that_is_stopped_leaves_no_tree(
    place: Location, folder: Path, tmp_path: Path
) -> None:
    moved: list[int] = []

    def stop_after_a_megabyte(count: int) -> None:
        moved.append(count)
        if sum(moved) > 1_000_000:
            raise StoppedEarly("told to stop", remedy="start again")

    with pytest.raises(StoppedEarly):
        publish_tree(folder, place, about={}, on_bytes=stop_after_a_megabyte)
    assert read_manifest(place) is None
    # The next attempt finds the rest of this one, and is not disturbed.
    publish_tree(folder, place, about={})
    fetch_tree(place, tmp_path / "copy")
    assert contents(tmp_path / "copy") == FILES


def test_publishing_the_same_again_is_success(place: Location, folder: Path) -> None:
    first = publish_tree(folder, place, about={"attempt": 1})
    before = {item.name: item for item in place.list()}
    assert publish_tree(folder, place, about={"attempt": 2}) == first
    assert {item.name: item for item in place.list()} == before


@pytest.mark.parametrize(
    "change",
    [{"config.json": b"{ }"}, {"more.bin": b"1"}],
    ids=["another content", "another file"],
)
def test_a_tree_is_never_overwritten(
    place: Location, folder: Path, tmp_path: Path, change: dict[str, bytes]
) -> None:
    publish_tree(folder, place, about={})
    with pytest.raises(PreconditionFailed) as refusal:
        publish_tree(folder_of(folder, change), place, about={})
    assert place.uri in refusal.value.message
    fetch_tree(place, tmp_path / "copy")
    assert contents(tmp_path / "copy") == FILES


def test_a_tree_that_appears_meanwhile_is_not_overwritten(
    place: Location, folder: Path, tmp_path: Path
) -> None:
    other = folder_of(tmp_path / "other", {"config.json": b"{'other': 1}"})

    def publish_other(count: int) -> None:
        if read_manifest(place) is None:
            publish_tree(other, place, about={})

    with pytest.raises(PreconditionFailed):
        publish_tree(
            folder_of(tmp_path / "one", {"x": b"1"}), place, about={}, on_bytes=publish_other
        )
    fetch_tree(place, tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(other)


def test_the_same_tree_that_appears_meanwhile_is_success(place: Location, tmp_path: Path) -> None:
    # As where the answer to the first request was lost, and the second finds the manifest there.
    folder = folder_of(tmp_path / "source", {"config.json": b"{}"})

    def publish_same(count: int) -> None:
        if read_manifest(place) is None:
            publish_tree(folder, place, about={"attempt": 1})

    manifest = publish_tree(folder, place, about={"attempt": 2}, on_bytes=publish_same)
    assert manifest == read_manifest(place)
    assert manifest.about == {"attempt": 1}


DAMAGES: dict[str, Callable[[Location], object]] = {
    "flipped byte": lambda file: file.write(b"w" * 2_999_999 + b"v"),
    "truncated": lambda file: file.write(b"w" * 2_999_999),
    "empty": lambda file: file.write(b""),
    "missing": lambda file: file.delete(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_in_the_storage_is_found(
    place: Location, folder: Path, tmp_path: Path, damage: Callable[[Location], object]
) -> None:
    publish_tree(folder, place, about={})
    damage(place / "model.safetensors")
    with pytest.raises(Damaged) as found:
        fetch_tree(place, tmp_path / "copy")
    assert (place / "model.safetensors").uri in found.value.message
    assert not list((tmp_path / "copy").rglob("model.safetensors*"))


def test_files_that_lie_there_whole_are_kept(place: Location, folder: Path, tmp_path: Path) -> None:
    publish_tree(folder, place, about={})
    copy = folder_of(tmp_path / "copy", FILES | {"config.json": b"{1", "shard-07.bin": b"7"})
    whole = copy / "model.safetensors"
    inode = whole.stat().st_ino
    got: list[int] = []
    fetch_tree(place, copy, on_bytes=got.append)
    assert contents(copy) == FILES
    assert whole.stat().st_ino == inode
    assert sum(got) == sum(map(len, FILES.values()))


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//x", "", "..\\x", "."])
def test_a_manifest_cannot_lead_out_of_its_folder(
    place: Location, tmp_path: Path, name: str
) -> None:
    record = {"name": name, "size": 1, "sha256": "0" * 64}
    (place / "manifest.json").write(json.dumps({"files": [record], "about": {}}).encode())
    with pytest.raises(Damaged, match=r"manifest\.json is no manifest"):
        fetch_tree(place, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


RECORD = {"name": "x", "size": 1, "sha256": "0" * 64}


@pytest.mark.parametrize(
    "text",
    ["", '{"files": [', "[]", '{"files": [{"name": "x"}]}', json.dumps({"files": [RECORD] * 2})],
    ids=["empty", "cut", "a list", "no sha256", "a name twice"],
)
def test_a_broken_manifest_is_damage(place: Location, text: str) -> None:
    (place / "manifest.json").write(text.encode())
    with pytest.raises(Damaged):
        read_manifest(place)


def test_half_downloads_are_not_published(place: Location, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "source", {"a.bin": b"1", "b.bin.part": b"half"})
    manifest = publish_tree(folder, place, about={})
    assert [record.name for record in manifest.files] == ["a.bin"]
    assert [item.name for item in place.list()] == ["a.bin", "manifest.json"]


@pytest.mark.parametrize("files", [{}, {"manifest.json": b"{}", "a": b""}], ids=["none", "own"])
def test_folders_that_are_no_tree(place: Location, tmp_path: Path, files: dict[str, bytes]) -> None:
    os.mkdir(tmp_path / "source")
    with pytest.raises(ConfigurationError, match="source"):
        publish_tree(folder_of(tmp_path / "source", files), place, about={})
    assert place.list() == []
