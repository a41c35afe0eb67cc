"""The table of defaults, and the list of known settings, against the libraries installed here.

Their sources are parsed, not imported: an import costs a minute and a gigabyte.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from conversions import converted, field
from preference_cli.convert.defaults import HANDBOOK, HANDBOOK_DPO, TRL
from preference_cli.convert.launchers import PRESETS, configured
from preference_cli.convert.table import resolve

DOCUMENT = Path(__file__).parents[2] / "docs" / "convert.md"
COMMON = (
    ("transformers", "training_args.py", "TrainingArguments"),
    ("trl", "trainer/base_config.py", "_BaseConfig"),
    ("trl", "trainer/model_config.py", "ModelConfig"),
    ("trl", "scripts/utils.py", "ScriptArguments"),
    ("trl", "scripts/utils.py", "DatasetMixtureConfig"),
)
DPO = (*COMMON, ("trl", "trainer/dpo_config.py", "DPOConfig"))
ORPO = (*COMMON, ("trl", "experimental/orpo/orpo_config.py", "ORPOConfig"))
ONLY_DPO = {"loss_type", "label_smoothing", "truncation_mode"}
# transformers chooses it by the installed PyTorch; both of its choices are AdamW here.
COMPUTED = {"optim"}


def package(name: str) -> Path:
    """The folder of an installed package."""
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def fields(name: str, path: str, owner: str) -> Iterator[tuple[str, ast.expr]]:
    """Fields of a dataclass with their default expressions."""
    tree = ast.parse((package(name) / path).read_text())
    (body,) = (
        node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner
    )
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value


def default(expression: ast.expr) -> Any:
    """The value of a field's default; an ellipsis where it is computed."""
    if isinstance(expression, ast.Call):
        found = {word.arg: word.value for word in expression.keywords}
        expression = found.get("default") or found.get("default_factory") or expression
    if isinstance(expression, ast.Lambda):
        expression = expression.body
    try:
        return ast.literal_eval(expression)
    except ValueError:
        return ...


def installed(owners: tuple[tuple[str, str, str], ...]) -> Mapping[str, Any]:
    """Defaults of several dataclasses, later ones over earlier ones."""
    return {name: default(value) for owner in owners for name, value in fields(*owner)}


@pytest.mark.parametrize(("owners", "left_out"), [(DPO, set()), (ORPO, ONLY_DPO)])
def test_defaults_are_those_of_the_installed_trl(
    owners: tuple[tuple[str, str, str], ...], left_out: set[str]
) -> None:
    found = installed(owners)
    names = TRL.keys() - left_out - COMPUTED
    assert {name: found[name] for name in names} == {name: TRL[name] for name in names}


def test_computed_optimizer_is_one_of_two() -> None:
    source = (package("transformers") / "training_args.py").read_text()
    choices = set(re.findall(r'default_optim = "(\w+)"', source))
    assert TRL["optim"] in choices
    for choice in choices:
        assert field(converted({"optim": choice}), "training.optimizer") is None


@pytest.mark.parametrize("owners", [DPO, ORPO])
def test_every_setting_of_the_installed_trl_is_known(
    owners: tuple[tuple[str, str, str], ...],
) -> None:
    unknown = {name for name in installed(owners) if resolve(name) is None}
    assert unknown - {"_VALID_DICT_FIELDS"} == set()


def test_presets_are_those_of_the_installed_trl() -> None:
    folder = package("trl") / "accelerate_configs"
    assert set(PRESETS) == {path.stem for path in folder.glob("*.yaml")}
    for name, preset in PRESETS.items():
        found = configured(yaml.safe_load((folder / f"{name}.yaml").read_text()))
        assert preset.items() <= found.items()
        assert [word for word in found if resolve(f"launch.{word}") is None] == []


@pytest.mark.parametrize(("table", "column"), [(TRL, 0), (HANDBOOK, 1), (HANDBOOK_DPO, 1)])
def test_document_tells_every_default(table: Mapping[str, Any], column: int) -> None:
    row = re.compile(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|$", re.MULTILINE)
    told = {name: cells for name, *cells in row.findall(DOCUMENT.read_text())}
    for name, value in table.items():
        assert f"`{yaml_text(value)}`" in told[name][column], name


def yaml_text(value: Any) -> str:
    """A value as the document writes it."""
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
