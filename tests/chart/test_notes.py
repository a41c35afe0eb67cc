"""What helm says after an install."""

import pytest

from helm_chart import CHART, Values, helm


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "watches all namespaces."),
        ({}, "No namespace is prepared for training"),
        ({}, "AWS S3 and no tracker; list those of other storage and of trackers in"),
        ({}, "stays when this release is uninstalled"),
        ({"watchNamespaces": ["a", "b"]}, "watches a, b."),
        ({"watchNamespaces": ["a"]}, "pods get the service account preference-trainer."),
        (
            {"trainer": {"namespaces": ["a"]}},
            "spec.resources.serviceAccountName: preference-trainer",
        ),
        (
            {"policy": {"endpoints": ["https://s3.example"]}},
            "may name the endpoints https://s3.example, for storage and trackers.",
        ),
        ({"monitoring": {"podMonitors": {"enabled": True}}}, "Prometheus reaches no pod"),
    ],
    ids=str,
)
def test_notes_tell(values: Values, words: str) -> None:
    assert words in helm("install", "release", CHART, "--dry-run=client", values=values)
