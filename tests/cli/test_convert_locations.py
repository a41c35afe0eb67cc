import pytest

from conversions import converted, field
from hub_server import HubServer
from preference_api.v1alpha1.storage import Storage
from preference_cli.convert.locations import PARQUET_REVISION, dataset_location, is_local
from preference_trainer.storage import open_location


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("org/name", False),
        ("gpt2", False),
        ("org/name-v0.1", False),
        ("/mnt/model", True),
        ("./model", True),
        ("../model", True),
        ("~/model", True),
        ("a/b/c", True),
        ("data/sft", True),
        ("pairs.jsonl", True),
        ("org/pairs.jsonl.gz", True),
        ("gs://bucket/model", True),
    ],
)
def test_path_of_a_machine_is_told_from_a_hub_name(name: str, local: bool) -> None:
    assert is_local(name) is local


def test_split_of_the_hub_is_a_folder_that_storage_finds(hub: HubServer) -> None:
    files = {
        "default/train_prefs/0000.parquet": b"train",
        "default/test_prefs/0000.parquet": b"test",
        "default/train_sft/0000.parquet": b"other",
    }
    hub.add("org/pairs", files, kind="dataset", revisions=(PARQUET_REVISION,))
    settings = {"dataset_train_split": "train_prefs", "dataset_test_split": "test_prefs"}
    conversion = converted(settings)
    for path, content in (("dataset.uri", b"train"), ("dataset.evaluation.uri", b"test")):
        location = open_location(field(conversion, path), Storage())
        assert [found.name for found in location.list()] == ["0000.parquet"]
        assert (location / "0000.parquet").read() == content


def test_pinned_commit_takes_the_place_of_the_revision(hub: HubServer) -> None:
    files = {"default/train/0000.parquet": b"train"}
    commit = hub.add("org/pairs", files, kind="dataset", revisions=(PARQUET_REVISION,))
    uri = dataset_location("org/pairs", None, "train").uri.replace(PARQUET_REVISION, commit)
    assert open_location(uri, Storage()).uri == uri
