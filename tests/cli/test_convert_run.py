from typing import Any

import pytest

from conversions import commanded, converted, field, findings, kinds
from preference_api.v1alpha1.methods import Method
from preference_cli.convert import Kind
from preference_cli.convert.run import object_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("zephyr-orpo-141b-A35b", "zephyr-orpo-141b-a35b"),
        ("Qwen2.5_DPO", "qwen2-5-dpo"),
        ("--x--", "x"),
        ("a" * 62 + "-b", "a" * 62),
        ("ü", ""),
    ],
)
def test_name_is_a_label(text: str, name: str) -> None:
    assert object_name(text) == name


@pytest.mark.parametrize(
    ("settings", "name", "setting"),
    [
        ({"hub_model_id": "team/First", "output_dir": "second"}, "first", "hub_model_id"),
        ({"output_dir": "data/second/", "run_name": "third"}, "second", "output_dir"),
        ({"output_dir": "..", "run_name": "third"}, "third", "run_name"),
        ({}, "model-dpo", "model_name_or_path"),
    ],
)
def test_name_comes_from_where_the_model_goes(
    settings: dict[str, Any], name: str, setting: str
) -> None:
    conversion = converted(settings)
    assert conversion.manifest["metadata"] == {"name": name}
    assert any(found.target == "metadata.name" for found in findings(conversion, setting))


def test_options_of_the_caller_come_first() -> None:
    conversion = converted(
        {"output_dir": "other"}, method=Method.ORPO, name="mine", output="s3://b-1/here"
    )
    assert conversion.manifest["metadata"] == {"name": "mine"}
    assert field(conversion, "output.uri") == "s3://b-1/here"
    assert field(conversion, "method") == "ORPO"
    assert all(found.target != "output.uri" for found in conversion.findings if not found.source)


def test_method_of_the_caller_goes_over_the_scripts_name() -> None:
    conversion = commanded("python orpo.py --beta 0.2", method=Method.DPO)
    assert field(conversion, "dpo.beta") == 0.2


@pytest.mark.parametrize(
    ("settings", "method"),
    [({"hub_model_id": "a/b-orpo"}, "ORPO"), ({"orpo_alpha": 0.2}, "ORPO"), ({}, "DPO")],
)
def test_method_that_nothing_tells_is_a_guess(settings: dict[str, Any], method: str) -> None:
    conversion = converted(settings, method=None)
    assert field(conversion, "method") == method
    (found,) = (found for found in conversion.findings if found.target == "method")
    assert found.kind is Kind.TO_FILL


def test_output_left_open_has_to_be_filled_in() -> None:
    conversion = converted()
    (found,) = (found for found in conversion.findings if found.target == "output.uri")
    assert found.kind is Kind.TO_FILL
    assert field(conversion, "output.uri") == "s3://your-bucket/preference"


@pytest.mark.parametrize(
    ("settings", "path", "value"),
    [
        ({}, "checkpoints", None),
        ({"save_steps": 100}, "checkpoints.everySteps", 100),
        ({"save_steps": 0.5, "max_steps": 200}, "checkpoints.everySteps", 100),
        ({"save_steps": 0.5}, "checkpoints.everySteps", None),
        ({"save_strategy": "epoch", "save_steps": 100}, "checkpoints.everySteps", None),
        ({"save_strategy": False}, "checkpoints.everySteps", None),
        ({"save_total_limit": 5}, "checkpoints.keep", 5),
    ],
)
def test_checkpoints(settings: dict[str, Any], path: str, value: Any) -> None:
    assert field(converted(settings), path) == value


@pytest.mark.parametrize(
    ("settings", "setting", "kind", "says"),
    [
        ({"save_strategy": False}, "save_strategy", Kind.CHANGED, "always saved"),
        ({"save_strategy": "epoch"}, "save_strategy", Kind.CHANGED, "not by epoch"),
        ({"save_steps": 0.5}, "save_steps", Kind.CHANGED, "not by steps"),
        ({"output_dir": "x"}, "output_dir", Kind.IGNORED, "output.uri"),
        ({"push_to_hub": True}, "push_to_hub", Kind.IGNORED, "push it to the hub"),
        ({"report_to": ["wandb"]}, "report_to", Kind.IGNORED, "metrics"),
        ({"logging_steps": 1}, "logging_steps", Kind.IGNORED, "metrics"),
        ({"env": {"A": "1"}}, "env", Kind.IGNORED, "environment"),
    ],
)
def test_finding(settings: dict[str, Any], setting: str, kind: Kind, says: str) -> None:
    conversion = converted(settings)
    assert kind in kinds(conversion, setting)
    assert any(says in found.note for found in findings(conversion, setting))
