"""The data that a run was trained on, from the check report and the metrics."""

import re
from collections.abc import Mapping
from typing import Any

from preference_trainer.publish.inputs import ReportInputs
from preference_trainer.publish.locations import last_part, shown
from preference_trainer.publish.numbers import count, counted
from preference_trainer.publish.settings import Row

MOST_WARNINGS = 20
_LOCAL = re.compile(r"file://[^\s,;]+")


def dataset_uris(inputs: ReportInputs) -> tuple[str, ...]:
    """Every dataset that pairs came from, held-out ones last."""
    dataset = inputs.document.spec.dataset
    parts = [dataset.uri, *(part.uri for part in dataset.mixture or ()), dataset.evaluation.uri]
    return tuple(uri for uri in parts if uri is not None)


def data_rows(inputs: ReportInputs, *, private: bool) -> tuple[Row, ...]:
    """Base model and data by name, digest and number.

    Args:
        inputs: The run.
        private: True shows where things lie in the bucket; False names only their last part.
    """
    name = shown if private else last_part
    metrics = inputs.metrics
    base = _part(inputs.check, "model").get("uri") or inputs.document.spec.model.uri
    pairs = _part(inputs.check, "dataset").get("pairs")
    held_out = f"{counted(metrics.pairs, 'pair')} of {counted(metrics.prompts, 'prompt')}"
    return (
        Row("Base model", name(str(base))),
        Row("Base model digest", inputs.resolved.model_digest),
        Row("Dataset", ", ".join(map(name, dataset_uris(inputs)))),
        Row("Dataset digest", inputs.resolved.dataset_digest),
        *([Row("Trained on", counted(pairs, "pair"))] if isinstance(pairs, int) else []),
        Row("Held out", held_out),
    )


def dropped_rows(check: Mapping[str, Any]) -> tuple[Row, ...]:
    """Rows that check left out, by kind, in its order: the most frequent first."""
    found = _part(check, "dataset").get("findings", [])
    return tuple(Row(str(finding["kind"]), count(finding["count"])) for finding in found)


def warnings(check: Mapping[str, Any]) -> tuple[str, ...]:
    """The findings of check, a sentence each, without the paths of a local machine."""
    found = _part(check, "summary").get("warnings", [])[:MOST_WARNINGS]
    return tuple(_LOCAL.sub(lambda uri: last_part(uri[0]), str(sentence)) for sentence in found)


def _part(check: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of the check report; empty where the report lacks it."""
    part = check.get(name)
    return part if isinstance(part, Mapping) else {}
