"""What is said about a run: the part of the spec that decides it, and where it comes from."""

from collections.abc import Iterator
from typing import Any

from preference_api.identity import deciding_part
from preference_api.v1alpha1.status import Resolved
from preference_api.v1alpha1.tracking import Tracking
from preference_api.wire import RunDocument
from preference_trainer.tracking.messages import About

RUN_TAG = "preference.run"
"""Tag of a tracked run: the run id, by which later attempts find it."""


def about(document: RunDocument, resolved: Resolved) -> About:
    """What every tracker is told of a run; nothing of it is a credential."""
    return About(
        run_id=resolved.run_id,
        name=document.name,
        parameters=dict(_flat(deciding_part(document.spec))),
        tags=_tags(document, resolved),
        tracking=document.spec.tracking or Tracking(),
    )


def described(found: About) -> str:
    """The same as a table in Markdown, for TensorBoard's text page."""
    rows = {"PreferenceJob": found.name, **found.tags, **found.parameters}
    return "\n".join(
        ["| | |", "|---|---|", *(f"| {name} | {_cell(value)} |" for name, value in rows.items())]
    )


def _tags(document: RunDocument, resolved: Resolved) -> dict[str, str]:
    tags = {
        RUN_TAG: resolved.run_id,
        "preference.namespace": document.namespace,
        "preference.method": document.spec.method.value,
        "preference.model": document.spec.model.uri,
        "preference.modelDigest": resolved.model_digest,
        "preference.datasetDigest": resolved.dataset_digest,
        "preference.commit": document.origin.commit or "",
        "preference.repository": document.origin.repository or "",
    }
    return {name: value for name, value in tags.items() if value}


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of a JSON value under dotted names."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _flat(part, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for number, part in enumerate(value):
            yield from _flat(part, f"{name}.{number}")
    else:
        yield name, str(value)


def _cell(value: str) -> str:
    return value.replace("|", "\\|").replace("\n", " ")
