from pathlib import Path
from typing import Any

import pytest

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.base import URI_PATTERN
from preference_cli.locations import file_uri, local_path, resolve_locations

FOLDER = Path("/work space/jobs")


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("pairs.jsonl", "file:///work%20space/jobs/pairs.jsonl"),
        ("../data/", "file:///work%20space/data"),
        ("/data/a#b?c%20.jsonl", "file:///data/a%23b%3Fc%2520.jsonl"),
        ("file:pairs.jsonl", "file:///work%20space/jobs/pairs.jsonl"),
        ("file:/data/pairs.jsonl", "file:///data/pairs.jsonl"),
        ("file:///data/pairs.jsonl", "file:///data/pairs.jsonl"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("hf://org/name@main", "hf://org/name@main"),
        ("pvc://claim/path", "pvc://claim/path"),
        ("", ""),
    ],
)
def test_a_path_becomes_a_uri_and_a_uri_stays(text: str, uri: str) -> None:
    assert file_uri(text, FOLDER) == uri


def test_a_path_may_start_at_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert file_uri("~/models/base", FOLDER) == "file:///home/ada/models/base"


def test_a_uri_leads_back_to_its_path() -> None:
    path = Path("/work space/a#b%.jsonl")
    assert local_path(path.as_uri()) == path
    assert local_path("s3://bucket/key") is None


def test_every_uri_of_a_manifest_is_resolved() -> None:
    manifest = {
        "metadata": {"name": "uri"},
        "spec": {
            "model": {"uri": "base"},
            "dataset": {"mixture": [{"uri": "a"}, {"uri": "s3://bucket/b"}]},
            "output": {"uri": 3},
        },
    }
    assert resolve_locations(manifest, Path("/jobs")) == {
        "metadata": {"name": "uri"},
        "spec": {
            "model": {"uri": "file:///jobs/base"},
            "dataset": {"mixture": [{"uri": "file:///jobs/a"}, {"uri": "s3://bucket/b"}]},
            "output": {"uri": 3},
        },
    }


def test_the_kind_names_its_locations_uri_and_nothing_else() -> None:
    """What resolve_locations relies on."""
    names = set(_fields_with_pattern(PreferenceJobSpec.model_json_schema(by_alias=True)))
    assert names == {"uri"}


def _fields_with_pattern(schema: Any) -> list[str]:
    definitions = [schema, *schema["$defs"].values()]
    fields = [field for each in definitions for field in each.get("properties", {}).items()]
    return [name for name, field in fields if URI_PATTERN in str(field).replace("\\\\", "\\")]
