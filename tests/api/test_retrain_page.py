"""docs/retrain.md holds what a cluster takes, what a bucket holds and links that lead somewhere."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from preference_api.faults import find_faults
from preference_api.identity import deciding_part
from preference_api.lineage import Promotion
from preference_api.manifest import from_document
from preference_api.schedule import next_listing
from preference_jobs import manifest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "retrain.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def whole(part: dict[str, Any]) -> dict[str, Any]:
    """A manifest with the fields that an example shows."""
    body = manifest()
    return {
        **body,
        "metadata": {**body["metadata"], **part.get("metadata", {})},
        "spec": {**body["spec"], **part.get("spec", {})},
    }


@pytest.mark.parametrize("block", blocks("yaml"))
def test_what_is_shown_of_a_manifest_is_taken(block: str) -> None:
    assert find_faults(whole(yaml.safe_load(block))) == []


def test_the_triggers_that_are_shown_lead_to_looks() -> None:
    (block,) = (one for one in blocks("yaml") if "retrain:" in one)
    spec = from_document(whole(yaml.safe_load(block))).spec
    assert spec.retrain.schedule
    assert spec.retrain.when_dataset_changes
    assert next_listing(spec.retrain, datetime.now(UTC)) is not None


def test_the_pointer_that_is_shown_can_be_read() -> None:
    (block,) = blocks("json")
    said = json.loads(block)
    moves = [said, *said["history"]]
    own = ("modelURI", "history")
    read = [
        Promotion.model_validate({key: move[key] for key in move if key not in own})
        for move in moves
    ]
    assert [move.reason for move in read] == ["RolledBack", "Promoted", "Promoted"]


@pytest.mark.parametrize(
    ("change", "decides"),
    [
        ({"resources": {"gpus": 4}}, False),
        ({"restarts": {"failures": 9}}, False),
        ({"suspend": True}, False),
        ({"checkpoints": {"keep": 5}}, False),
        ({"output": {"uri": "s3://elsewhere/out"}}, False),
        ({"storage": {"region": "eu-west-1"}}, False),
        ({"evaluation": {"samples": 9}}, False),
        ({"retrain": {"schedule": "0 3 * * *"}}, False),
        ({"retrain": {"nonce": "again"}}, True),
        ({"training": {"seed": 9}}, True),
        ({"image": "trainer:2"}, True),
        ({"sft": {}}, True),
        ({"method": "ORPO"}, True),
    ],
)
def test_what_decides_a_run_is_what_the_page_says(change: dict[str, Any], decides: bool) -> None:
    plain, changed = (from_document(whole({"spec": spec})).spec for spec in ({}, change))
    assert (deciding_part(plain) != deciding_part(changed)) is decides


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", PAGE))))
def test_every_link_leads_somewhere(link: str) -> None:
    path, _, anchor = link.partition("#")
    target = DOCS / path if path else DOCS / "retrain.md"
    assert target.is_file()
    if anchor:
        heads = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        assert anchor in {head.lower().replace(" ", "-") for head in heads}
