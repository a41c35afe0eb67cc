"""What is sent to a cluster, by the schemas of the oldest and the newest version supported."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from changes import Body, changed
from chart_variants import VARIANTS
from helm_chart import CHART, documents, template
from operator_builders import RESOLVED, preference_job
from preference_api.children import ChildStage
from preference_operator.children import child_job
from preference_operator.objects import read_job
from preference_operator.settings import Settings
from preference_operator.trainer_pod import Order

_ABOUT = yaml.safe_load((CHART / "Chart.yaml").read_text())
OLDEST = str(_ABOUT["kubeVersion"]).removeprefix(">=").removesuffix("-0")
NEWEST = "1.37.0"
VERSIONS = (OLDEST, NEWEST)
MANIFESTS = sorted((CHART.parents[1] / "operator" / "manifests").glob("*.yaml"))
OF_OTHERS = "monitoring.coreos.com/"
"""Kinds that Kubernetes has no schema of; the API server looks at them in test_render.py."""
FUNCTIONS = {
    **dict.fromkeys(["all", "exists", "filter", "map", "has", "size", "string"], 25),
    **dict.fromkeys(["contains", "startsWith", "endsWith", "matches", "lowerAscii"], 25),
    **dict.fromkeys(["url", "getHostname", "getHost", "getScheme"], 25),
    "orValue": 29,
    **dict.fromkeys(["ip", "isIP", "isLoopback", "isUnspecified"], 30),
    **dict.fromkeys(["isLinkLocalUnicast", "isLinkLocalMulticast"], 30),
}
"""Functions of CEL, and the minor version of Kubernetes that brought them.

Source: https://kubernetes.io/docs/reference/using-api/cel/
"""
_CALL = re.compile(r"\b([A-Za-z]+)\(")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_SOURCE = re.compile(r"^# Source: preference-operator/(templates/.*)$", re.M)


def hold(objects: list[Any], version: str) -> None:
    """Every object is one of Kubernetes', without a field that it does not know."""
    for one in objects:
        if not one["apiVersion"].startswith(OF_OTHERS):
            assert kubernetes_validate.validate(one, version, strict=True) == version[:-2]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_document_of_the_chart_is_valid(variant: str, version: str) -> None:
    hold(documents(VARIANTS[variant]), version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_document_of_the_manifests_is_valid(path: Path, version: str) -> None:
    hold(list(yaml.safe_load_all(path.read_text())), version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("stage", ChildStage)
@pytest.mark.parametrize(
    "spec",
    [
        {},
        {
            "model": {"uri": "pvc://models/base"},
            "storage": {"credentialsSecret": {"name": "bucket"}},
            "resources": {"memory": "8Gi", "sharedMemory": "1Gi", "tolerations": [{"key": "gpu"}]},
            "activeDeadlineSeconds": 60,
        },
    ],
    ids=["smallest", "rich"],
)
def test_every_job_of_the_operator_is_valid(spec: Body, stage: ChildStage, version: str) -> None:
    job = read_job(preference_job(spec=spec))
    assert job.spec is not None, job.fault
    resolved = RESOLVED if stage is ChildStage.TRAIN else None
    order = Order(job=job, spec=job.spec, stage=stage, run_hash=job.spec_hash, resolved=resolved)
    hold([child_job(order, Settings(trainer_account="trainer"))], version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.template.spec.hostUser", False),
        ("spec.replicas", "two"),
        ("spec.template.spec.containers.0.livenessProbe.httpGet.port", None),
    ],
    ids=["unknown", "of another type", "missing"],
)
def test_a_field_is_refused_that_is(path: str, value: Any, version: str) -> None:
    (deployment,) = (one for one in documents() if one["kind"] == "Deployment")
    with pytest.raises(kubernetes_validate.ValidationError):
        hold([changed(deployment, path, value)], version)


def test_the_variants_render_every_template() -> None:
    rendered = {name for values in VARIANTS.values() for name in _SOURCE.findall(template(values))}
    assert rendered == {f"templates/{path.name}" for path in (CHART / "templates").glob("*.yaml")}


def expressions(node: Any) -> Iterator[str]:
    """Every expression in CEL below a node."""
    if isinstance(node, list):
        for part in node:
            yield from expressions(part)
    elif isinstance(node, dict):
        for name, part in node.items():
            if name in ("expression", "messageExpression", "rule") and isinstance(part, str):
                yield part
            else:
                yield from expressions(part)


def test_expressions_use_what_the_oldest_version_has() -> None:
    texts = _QUOTED.sub("", "\n".join(expressions(documents())))
    used = {name for name in _CALL.findall(texts) if name != "in"}
    assert used
    assert used <= FUNCTIONS.keys()
    assert max(FUNCTIONS[name] for name in used) <= int(OLDEST.split(".")[1])
