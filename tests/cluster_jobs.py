"""PreferenceJobs of a cluster as the command line reads them, without a cluster."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from preference_cli.cluster.job import Job, read_job

NOW = datetime(2026, 1, 2, 3, 4, 30, tzinfo=UTC)


def job(
    status: Mapping[str, Any] | None = None, *, generation: int = 1, name: str = "tiny", **spec: Any
) -> Job:
    """A job whose status is of generation 1, with fields of the spec set."""
    wire = {
        "metadata": {
            "namespace": "team",
            "name": name,
            "uid": f"uid-of-{name}",
            "generation": generation,
            "creationTimestamp": "2026-01-02T03:00:00Z",
        },
        "spec": {
            "method": "DPO",
            "model": {"uri": "s3://models/base"},
            "dataset": {"uri": "s3://data/pairs.jsonl"},
            "restarts": {"failures": 3, "preemptions": 1000},
            **spec,
        },
    }
    if status is not None:
        wire["status"] = {"observedGeneration": 1, **status}
    return read_job(wire)
