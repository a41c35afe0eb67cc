"""The values and the first job that the pages show fit the chart, and one another."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_variants import DIGEST
from helm_chart import CHART, documents
from preference_api.v1alpha1 import KIND

DOCS = CHART.parents[1] / "docs"
INSTALL = DOCS / "install.md"


def blocks(page: Path) -> list[Any]:
    """The YAML of a page."""
    text = re.sub(r"\b\w+_DIGEST\b", DIGEST, page.read_text(encoding="utf-8"))
    text = text.replace("REGISTRY/", "registry.example/")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def made(page: Path) -> set[str]:
    """Namespaces that the commands of a page make."""
    return set(re.findall(r"kubectl create namespace (\S+)", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", [INSTALL, CHART / "README.md"], ids=lambda page: page.name)
def test_the_chart_takes_the_values_into_namespaces_that_are_made_first(page: Path) -> None:
    (values,) = blocks(page)
    places = {one["metadata"].get("namespace") for one in documents(values)}
    assert places - {None, "preference-system"} == made(page)


def test_the_first_job_is_where_the_chart_was_installed_for() -> None:
    (values,) = blocks(INSTALL)
    jobs = [one for one in blocks(DOCS / "operate.md") if one["kind"] == KIND]
    assert jobs
    for job in jobs:
        assert job["metadata"]["namespace"] in values["watchNamespaces"]
        assert job["metadata"]["namespace"] in values["trainer"]["namespaces"]
        assert job["spec"]["storage"]["endpoint"] in values["policy"]["endpoints"]
