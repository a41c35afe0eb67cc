"""Builders of specs and run documents."""

from typing import Any

from preference_api.v1alpha1 import PreferenceJobSpec


def spec(**fields: Any) -> PreferenceJobSpec:
    """A small valid spec for a processor; fields replace whole blocks, as in a manifest."""
    base: dict[str, Any] = {
        "method": "DPO",
        "model": {"uri": "s3://bucket/base"},
        "dataset": {"uri": "s3://bucket/pairs.jsonl", "maxLength": 256},
        "output": {"uri": "s3://bucket/output"},
        "resources": {"gpus": 0},
        "training": training(),
    }
    return PreferenceJobSpec.model_validate({**base, **fields})


def training(**fields: Any) -> dict[str, Any]:
    """Settings under which a tiny model moves within a few steps."""
    return {
        "steps": 4,
        "learningRate": 1e-3,
        "batchSize": 4,
        "microBatchSize": 2,
        "gradientCheckpointing": False,
        **fields,
    }
