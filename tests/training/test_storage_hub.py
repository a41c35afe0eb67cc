"""Repositories of the hub, over HTTP from a stand-in."""

import hashlib
from pathlib import Path

import pytest

import hub_server
from hub_server import HubServer
from preference_api.v1alpha1.storage import Storage
from preference_trainer.errors import (
    ConfigurationError,
    StorageRefused,
    StorageUnavailable,
    TrainerError,
)
from preference_trainer.storage import Damaged, Location, NotFound, open_location
from preference_trainer.storage.streams import Ranges

WEIGHTS = bytes(range(256)) * 1000
FILES = {
    "config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "onnx/config.json": b"[]",
    "onnx/a b/w.bin": b"1",
    "empty.txt": b"",
}


def open_hub(uri: str) -> Location:
    return open_location(uri, Storage())


@pytest.fixture
def commit(hub: HubServer) -> str:
    return hub.add(
        "org/model", FILES, lfs=("model.safetensors",), revisions=("main", "v1", "refs/pr/1")
    )


@pytest.mark.parametrize("revision", ["", "@main", "@v1", "@refs/pr/1"])
def test_a_revision_is_pinned_to_its_commit(hub: HubServer, commit: str, revision: str) -> None:
    place = open_hub(f"hf://org/model{revision}/onnx")
    assert place.uri == f"hf://org/model@{commit}/onnx"
    hub.add("org/model", {"onnx/config.json": b"of a later commit"})
    with pytest.raises(NotFound):
        (place / "config.json").read()
    assert open_hub("hf://org/model/onnx/config.json").read() == b"of a later commit"


def test_a_repository_is_listed_with_digests(commit: str) -> None:
    listed = {item.name: (item.size, item.etag) for item in open_hub("hf://org/model").list()}
    assert list(listed) == sorted(FILES)
    assert listed["config.json"] == (2, hub_server.blob_id(b"{}"))
    assert listed["model.safetensors"] == (len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest())
    below = open_hub("hf://org/model/onnx").list()
    assert [item.name for item in below] == ["a b/w.bin", "config.json"]
    assert open_hub("hf://org/model/nothing").list() == []


@pytest.mark.parametrize("name", FILES)
def test_files_are_read(commit: str, tmp_path: Path, name: str) -> None:
    place = open_hub(f"hf://org/model@{commit}/{name}")
    found = place.stat()
    assert found is not None
    assert (found.name, found.size) == (name.rpartition("/")[2], len(FILES[name]))
    assert place.read() == FILES[name]
    place.download(tmp_path / "copy", sha256=hashlib.sha256(FILES[name]).hexdigest())
    assert (tmp_path / "copy").read_bytes() == FILES[name]


def test_large_files_are_read_in_ranges(
    hub: HubServer, commit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preference_trainer.storage.hub.RANGES", Ranges(size=100_000, ahead=2))
    place = open_hub("hf://org/model/model.safetensors")
    hub.requests.clear()
    assert place.read() == WEIGHTS
    gets = [path for method, path, _ in hub.requests if method == "GET"]
    assert len(gets) == 2 * 3, "three ranges, each with a redirect"


def test_datasets_have_their_own_names(hub: HubServer) -> None:
    commit = hub.add("org/pairs", {"train.jsonl": b"{}\n"}, kind="dataset")
    place = open_hub("hf://datasets/org/pairs@main/train.jsonl")
    assert place.uri == f"hf://datasets/org/pairs@{commit}/train.jsonl"
    assert place.read() == b"{}\n"
    with pytest.raises(NotFound):
        open_hub("hf://org/pairs")


def test_what_is_not_there(commit: str) -> None:
    for name in ("/no.txt", "/onnx", ""):
        place = open_hub(f"hf://org/model{name}")
        assert place.stat() is None
        with pytest.raises(NotFound, match=f"@{commit}{name} does not exist"):
            place.read()


REFUSED = [
    ("hf://org/other", NotFound, "NoSuchRepository"),
    ("hf://org/model@v9", NotFound, "NoSuchRepository"),
    ("hf://datasets/org/model", NotFound, "NoSuchRepository"),
    ("hf://org/-bad-", StorageRefused, "StorageRefused"),
]


@pytest.mark.parametrize(("uri", "kind", "reason"), REFUSED)
def test_repositories_that_the_hub_does_not_give(
    commit: str, uri: str, kind: type[TrainerError], reason: str
) -> None:
    with pytest.raises(kind) as refusal:
        open_hub(uri)
    assert refusal.value.reason == reason
    assert uri in refusal.value.message
    assert "model.uri" in refusal.value.remedy


@pytest.mark.parametrize(
    "uri",
    ["hf://gpt2", "hf://", "hf://a/b@", "hf://datasets/a", "hf://a/b c", "hf://a/b/../../api"],
)
def test_forms_that_name_no_repository(hub: HubServer, uri: str) -> None:
    with pytest.raises(ConfigurationError, match="hf://"):
        open_hub(uri)
    assert hub.requests == []


def test_a_gated_repository_wants_a_token(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("org/gated", FILES, gated=True, lfs=("model.safetensors",))
    place = open_hub("hf://org/gated/model.safetensors")
    with pytest.raises(StorageRefused) as refusal:
        place.read()
    assert refusal.value.reason == "AccessDenied"
    assert "HF_TOKEN" in refusal.value.remedy
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.requests.clear()
    assert open_hub("hf://org/gated/model.safetensors").read() == WEIGHTS
    tokens = [token for _, _, token in hub.requests]
    # The storage that the hub redirects to gets no token.
    assert tokens == ["Bearer hf_secret"] * (len(tokens) - 1) + [None]


def test_requests_say_nothing_about_this_machine(hub: HubServer, commit: str) -> None:
    open_hub("hf://org/model/config.json").read()
    assert hub.agents
    assert not [agent for agent in hub.agents if "torch" in agent or "agent/" in agent]


def test_a_body_that_always_breaks_off(
    hub: HubServer, commit: str, tmp_path: Path, no_waiting: None
) -> None:
    hub.cut_short.add("config.json")
    with pytest.raises(StorageUnavailable, match=r"config\.json"):
        open_hub("hf://org/model/config.json").download(tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_what_git_lfs_says(hub: HubServer, commit: str, tmp_path: Path) -> None:
    hub.flipped.add("model.safetensors")
    with pytest.raises(Damaged, match=r"model\.safetensors"):
        open_hub("hf://org/model/model.safetensors").download(tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_busy_hub_is_asked_again(hub: HubServer, commit: str, no_waiting: None) -> None:
    for step in range(4):
        hub.busy = step
        place = open_hub("hf://org/model")
        assert (place / "config.json").read() == b"{}"
        hub.busy = step
        assert len(place.list()) == len(FILES)
        hub.busy = step
        assert (place / "config.json").stat()
        assert hub.busy == 0
    hub.busy = 1000
    with pytest.raises(StorageUnavailable, match="503"):
        place.list()


def test_a_hub_that_is_not_there(monkeypatch: pytest.MonkeyPatch, no_waiting: None) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable) as missing:
        open_hub("hf://org/model")
    assert "HF_ENDPOINT" in missing.value.remedy


def test_the_hub_is_only_read(commit: str) -> None:
    place = open_hub("hf://org/model/x")
    for writing in (lambda: place.write(b""), lambda: place.upload(Path(__file__)), place.delete):
        with pytest.raises(StorageRefused, match="only read") as refusal:
            writing()
        assert "output.uri" in refusal.value.remedy
