import pytest

from conversions import commanded, converted, field, findings, kinds
from preference_api.v1alpha1.methods import Method
from preference_cli.convert import Kind
from preference_cli.convert.naming import name_settings
from preference_cli.convert.source import Source
from preference_cli.convert.table import KNOWN, OTHER_NAMES, TABLE, nearest
from preference_cli.errors import CommandError


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bata", "beta"),
        ("num_proceses", "num_processes"),
        ("lora_apha", "lora_alpha"),
        ("max_promt_length", "max_prompt_length"),
        ("evaluation_stategy", "evaluation_strategy"),
        ("xyzzy", None),
    ],
)
def test_unknown_name_is_told_with_the_nearest(name: str, meant: str | None) -> None:
    assert nearest(name) == meant
    (found,) = findings(converted({name: 1}), name)
    assert found.kind is Kind.UNMAPPED
    assert "this name is not known" in found.note
    assert meant is None or f"did you mean {meant}?" in found.note


@pytest.mark.parametrize(("other", "name"), OTHER_NAMES.items())
def test_other_names_are_told(other: str, name: str) -> None:
    named = name_settings(Source({other: "x"}))
    assert dict(named.given) == {name: "x"}
    assert dict(named.written) == {name: other}
    assert other not in KNOWN


def test_a_former_name_stands_in_its_finding() -> None:
    (found,) = findings(
        converted({"evaluation_strategy": "no", "torch_dtype": "auto"}), "torch_dtype"
    )
    assert found.note.startswith("torch_dtype is called dtype. ")


@pytest.mark.parametrize(
    ("flag", "path", "value"),
    [
        ("--no_gradient_checkpointing", "training.gradientCheckpointing", False),
        ("--no-gradient-checkpointing", "training.gradientCheckpointing", False),
        ("--no_cuda", "resources.gpus", 0),
        ("--num-train-epochs 2", "training.epochs", 2.0),
    ],
)
def test_negated_and_hyphenated_flags(flag: str, path: str, value: object) -> None:
    assert field(commanded(f"trl dpo {flag}"), path) == value


def test_launcher_and_script_may_use_the_same_name() -> None:
    command = "accelerate launch --gradient_accumulation_steps 4 --num_processes 1 dpo.py"
    assert field(commanded(command), "training.batchSize") == 8


def test_what_is_inside_model_init_kwargs_counts_as_settings() -> None:
    inside = '\'{"dtype": "bfloat16", "revision": "v1", "attn_implementation": "sdpa", "new": 1}\''
    conversion = commanded(f"trl dpo --model_init_kwargs {inside}")
    assert field(conversion, "model.dtype") == "BFloat16"
    assert field(conversion, "model.uri") == "hf://org/model@v1"
    assert kinds(conversion, "attn_implementation") == {Kind.IGNORED}
    assert kinds(conversion, "model_init_kwargs") == {Kind.UNMAPPED}


@pytest.mark.parametrize("text", ["broken", "[1]"])
def test_model_init_kwargs_that_cannot_be_read_is_told(text: str) -> None:
    conversion = converted({"model_init_kwargs": text})
    assert kinds(conversion, "model_init_kwargs") == {Kind.UNMAPPED}


# Settings that stand for structures of their own, for which other tests give values.
STRUCTURES = {"datasets", "dataset_mixer", "dataset_mixture", "max_length", "launch.num_machines"}


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("name", sorted(KNOWN - STRUCTURES))
def test_no_setting_goes_unmentioned(name: str, method: Method) -> None:
    for value in ("1", "0.5", "true", "ipo", "bfloat16", "org/some", "{}"):
        setting = name.removeprefix("launch.")
        try:
            conversion = converted({setting: value}, method=method, processes=None)
        except CommandError:
            continue
        if findings(conversion, setting):
            return
    pytest.fail(f"{name} is in no finding")


def test_every_setting_has_one_row_for_each_method() -> None:
    for method in Method:
        rows = [name for row in TABLE if row.method in (None, method) for name in row.names]
        shared = {name for name in rows if rows.count(name) > 1}
        assert shared == set()
