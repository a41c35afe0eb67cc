"""The model card: README.md with the YAML header of the Hub's specification.

https://huggingface.co/docs/hub/model-cards and its `model-index` for results.
"""

from typing import Any

import yaml

from preference_trainer.evaluation.metrics import EvaluationMetrics
from preference_trainer.evaluation.statistics import Estimate
from preference_trainer.publish.data import data_rows, dataset_uris, dropped_rows
from preference_trainer.publish.figures import figure_lines
from preference_trainer.publish.inputs import ReportInputs
from preference_trainer.publish.lineage import lineage_rows
from preference_trainer.publish.locations import hub_name, last_part
from preference_trainer.publish.numbers import counted, plain
from preference_trainer.publish.settings import settings_rows
from preference_trainer.publish.templating import template


def model_card(inputs: ReportInputs) -> str:
    """The card as Markdown, to be written as UTF-8; the same inputs give the same text.

    A card travels with the model, so it names no bucket and no local path. Licence and language
    are the base model's and the data's, which the trainer does not know, so they are left out.
    """
    spec = inputs.document.spec
    return template("card.md.j2").render(
        header=yaml.safe_dump(_header(inputs), sort_keys=False, allow_unicode=True),
        name=_name(inputs),
        base=last_part(spec.model.uri),
        method=spec.method.value,
        adapter=spec.model.lora is not None,
        sft=spec.sft is not None,
        inputs=inputs,
        settings=settings_rows(spec),
        data=data_rows(inputs, private=False),
        dropped=dropped_rows(inputs.check),
        lines=figure_lines(inputs.metrics),
        confidence=f"{plain(inputs.metrics.confidence * 100)} %",
        lineage=[*lineage_rows(inputs, private=False), *sorted(inputs.versions.items())],
        cell=_cell,
        counted=counted,
    )


def _header(inputs: ReportInputs) -> dict[str, Any]:
    base = hub_name(inputs.document.spec.model.uri)
    adapter = inputs.document.spec.model.lora is not None
    datasets = sorted({name for uri in dataset_uris(inputs) if (name := hub_name(uri))})
    optional = {
        "base_model": base,
        "base_model_relation": ("adapter" if adapter else "finetune") if base else None,
        "datasets": datasets,
    }
    return {
        "library_name": "peft" if adapter else "transformers",
        "pipeline_tag": "text-generation",
        **{key: value for key, value in optional.items() if value},
        "tags": _tags(inputs),
        "model-index": [{"name": _name(inputs), "results": [_results(inputs)]}],
    }


def _tags(inputs: ReportInputs) -> list[str]:
    spec = inputs.document.spec
    stages = ["sft"] if spec.sft else []
    weights = ["lora"] if spec.model.lora else []
    return ["preference", spec.method.value.lower(), *stages, *weights, "trl"]


def _results(inputs: ReportInputs) -> dict[str, Any]:
    uri = dataset_uris(inputs)[-1]
    return {
        "task": {"type": "text-generation", "name": "Preference between two answers"},
        "dataset": {
            "name": f"Held-out pairs of {last_part(uri)}",
            "type": hub_name(uri) or last_part(uri),
            "args": {"digest": inputs.resolved.dataset_digest},
        },
        "metrics": _metrics(inputs.metrics),
    }


def _metrics(metrics: EvaluationMetrics) -> list[dict[str, Any]]:
    figures = (
        ("accuracy", "Accuracy by the implicit reward", metrics.accuracy),
        ("accuracy", "Accuracy by average log-probability", metrics.by_average.policy),
        ("accuracy", "The same of the base model", metrics.by_average.base),
        ("gain", "Gain over the base model", metrics.gain.difference),
        ("margin", "Mean implicit reward margin, nats", metrics.margin.mean),
    )
    return [_metric(*figure, metrics.confidence) for figure in figures]


def _metric(kind: str, name: str, figure: Estimate, confidence: float) -> dict[str, Any]:
    interval = {"lower": round(figure.lower, 4), "upper": round(figure.upper, 4)}
    return {
        "type": kind,
        "value": round(figure.value, 4),
        "name": name,
        "args": {"confidence": confidence, **interval},
    }


def _name(inputs: ReportInputs) -> str:
    return inputs.document.spec.output.name or inputs.document.name


def _cell(value: str) -> str:
    """A value inside a Markdown table or line: no markup, no line break, no cell border."""
    line = " ".join(value.split())
    for mark, safe in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("[", "\\["), ("`", "\\`")):
        line = line.replace(mark, safe)
    return line
