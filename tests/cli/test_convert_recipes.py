from pathlib import Path

import pytest
import yaml

import conversions
from convert_cases import CASES, RECIPES, Case
from preference_api.manifest import from_document
from preference_cli.convert import Kind, render

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)


@each_case
def test_important_fields(case: Case) -> None:
    conversion = case.conversion()
    assert {path: conversions.field(conversion, path) for path in case.says} == case.says


@each_case
def test_what_is_told(case: Case) -> None:
    conversion = case.conversion()
    assert conversions.unmapped(conversion) == case.unmapped
    assert conversions.targets(conversion, Kind.CHANGED) == case.changed
    assert conversions.targets(conversion, Kind.TO_FILL) == case.to_fill


@each_case
def test_manifest_is_the_expected_one(case: Case) -> None:
    expected = RECIPES / "expected" / Path(case.file).with_suffix(".yaml")
    assert render(case.conversion()) == expected.read_text()


@each_case
def test_manifest_is_sound_and_holds_no_default(case: Case) -> None:
    conversion = case.conversion()
    document = yaml.safe_load(render(conversion))
    assert document == conversion.manifest
    job = from_document(document)
    assert job.metadata.name == document["metadata"]["name"]
    again = job.model_dump(mode="json", by_alias=True, exclude_defaults=True)["spec"]
    assert {name: value for name, value in again.items() if value != {}} == document["spec"]


def test_every_recipe_is_tested() -> None:
    assert {path.name for path in RECIPES.iterdir() if path.is_file()} == {
        case.file for case in CASES
    }
