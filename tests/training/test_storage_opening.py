"""URIs that name no location, and what is loaded for those that do."""

import subprocess
import sys

import pytest

from preference_api.v1alpha1.storage import Storage
from preference_trainer.errors import ConfigurationError
from preference_trainer.storage import open_location


@pytest.mark.parametrize(
    "uri", ["", "x", "/data/pairs", "s3:/b/x", "gs://b/x", "https://b/x", "S3://b/x"]
)
def test_other_forms_are_refused_with_those_that_work(uri: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        open_location(uri, Storage())
    assert repr(uri) in refusal.value.message
    for form in ("s3://", "hf://org/name", "hf://datasets/", "pvc://claim"):
        assert form in refusal.value.remedy
    assert "file:///" not in refusal.value.remedy


def test_a_local_run_is_told_of_files_too() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        open_location("/data/pairs", Storage(), local=True)
    assert "file:///" in refusal.value.remedy


def test_a_place_in_s3_needs_no_hub_and_nothing_needs_torch() -> None:
    program = (
        "import sys\n"
        "from preference_api.v1alpha1.storage import Storage\n"
        "from preference_trainer.storage import open_location\n"
        "place = open_location('s3://bucket/a//b/', Storage())\n"
        "assert place.uri == 's3://bucket/a//b', place.uri\n"
        "import boto3\n"
        "loaded = {'torch', 'huggingface_hub', 'transformers'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
