"""The example that docs/tracking.md points to."""

from pathlib import Path

from preference_api.manifest import parse

EXAMPLE = Path(__file__).parents[2] / "examples/tracking.yaml"


def test_the_kind_takes_the_example_with_both_trackers_and_their_keys() -> None:
    tracking = parse(EXAMPLE.read_text()).spec.tracking
    assert tracking is not None
    assert tracking.mlflow is not None
    assert tracking.wandb is not None
    assert tracking.credentials_secret is not None
