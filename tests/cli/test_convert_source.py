from typing import Any

import pytest

from preference_api.v1alpha1.methods import Method
from preference_cli.convert.source import files_of, method_of, read_source
from preference_cli.errors import CommandError

RECIPE = "model_name_or_path: org/model\nbeta: 0.01\nmax_length: 512\n"
ACCELERATE = """
distributed_type: DEEPSPEED
num_processes: 4
deepspeed_config: {zero_stage: 3, offload_optimizer_device: cpu}
"""


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("orpo.py", Method.ORPO),
        ("run_orpo", Method.ORPO),
        ("recipes/zephyr-7b-beta/dpo/config_full.yaml", Method.DPO),
        ("recipes/dpo-mix/orpo/config.yaml", Method.ORPO),
        ("zephyr-ORPO-141b", Method.ORPO),
        ("corpora", None),
        ("adpod.py", None),
        ("train.py", None),
    ],
)
def test_method_is_told_by_names(text: str, method: Method | None) -> None:
    assert method_of(text) is method


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("trl dpo --beta 1", Method.DPO),
        ("python examples/scripts/orpo.py --beta 1", Method.ORPO),
        ("python train.py --orpo --beta 1", Method.ORPO),
        ("python dpo.py --orpo --beta 1", Method.ORPO),
        ("python train.py --beta 1", None),
        ("python train.py recipes/x/orpo/config.yaml", Method.ORPO),
        (RECIPE, None),
    ],
)
def test_method_of_a_source(text: str, method: Method | None) -> None:
    files = {"recipes/x/orpo/config.yaml": RECIPE}
    source = read_source(text, files)
    assert source.method is method
    assert "orpo" not in source.settings


@pytest.mark.parametrize(
    "text",
    [
        "trl dpo --config r.yaml --beta 0.5",
        "trl dpo --beta 0.5 --config=r.yaml",
        "accelerate launch scripts/run_dpo.py r.yaml --beta=0.5",
    ],
)
def test_flags_go_over_the_recipe_they_name(text: str) -> None:
    assert files_of(text) == ("r.yaml",)
    settings = read_source(text, {"r.yaml": RECIPE}).settings
    assert settings == {"model_name_or_path": "org/model", "beta": "0.5", "max_length": 512}


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("trl dpo --beta 1", ()),
        ("trl dpo --accelerate_config zero3", ("zero3",)),
        ("accelerate launch --config_file a.yaml dpo.py --config r.yaml", ("r.yaml", "a.yaml")),
        (f"{RECIPE}accelerate_config: a.yaml", ("a.yaml",)),
    ],
)
def test_files_are_named_for_the_caller(text: str, files: tuple[str, ...]) -> None:
    assert files_of(text) == files


@pytest.mark.parametrize(
    ("text", "files", "launcher", "unread"),
    [
        (
            "accelerate launch --config_file a.yaml dpo.py --beta 1",
            {"a.yaml": ACCELERATE},
            {
                "config_file": "a.yaml",
                "distributed_type": "DEEPSPEED",
                "num_processes": 4,
                "zero_stage": 3,
                "offload_optimizer_device": "cpu",
            },
            (),
        ),
        (
            "accelerate launch --config_file a.yaml --num_processes 2 dpo.py",
            {"a.yaml": "num_processes: 8"},
            {"config_file": "a.yaml", "num_processes": "2"},
            (),
        ),
        (
            "accelerate launch --config_file one.yaml dpo.py",
            {"one.yaml": "distributed_type: 'NO'\nnum_processes: 8"},
            {"config_file": "one.yaml", "distributed_type": "NO", "num_processes": 1},
            (),
        ),
        (
            "accelerate launch --config_file x/deepspeed_zero3.yaml dpo.py",
            {},
            {
                "config_file": "x/deepspeed_zero3.yaml",
                "distributed_type": "DEEPSPEED",
                "zero_stage": 3,
            },
            ("x/deepspeed_zero3.yaml",),
        ),
        (
            f"{RECIPE}accelerate_config: fsdp1",
            {},
            {"distributed_type": "FSDP", "num_processes": 8},
            (),
        ),
    ],
)
def test_configuration_of_the_launcher(
    text: str, files: dict[str, str], launcher: dict[str, Any], unread: tuple[str, ...]
) -> None:
    source = read_source(text, files)
    assert source.launcher == launcher
    assert source.unread == unread


@pytest.mark.parametrize(
    ("text", "files", "says"),
    [
        ("trl sft --model_name_or_path a/b", {}, "sft trains by sft, which is not DPO or ORPO"),
        ("python examples/scripts/kto.py", {}, "trains by kto"),
        ("trl dpo --config r.yaml", {}, "names r.yaml, which is not there"),
        ("trl dpo --config r.yaml", {"r.yaml": "- a"}, "r.yaml is not one YAML mapping"),
        ("trl dpo --config r.yaml", {"r.yaml": "a: ["}, "r.yaml is not one YAML mapping"),
        ("beta: [", {}, "the recipe is not YAML"),
        ("beta: 1\nbeta: 2", {}, "beta is set twice"),
        ("hello", {}, "holds 0 training commands"),
        ("- a\n- b", {}, "holds 0 training commands"),
    ],
)
def test_source_that_cannot_be_read_is_refused(text: str, files: dict[str, str], says: str) -> None:
    with pytest.raises(CommandError, match=says) as caught:
        read_source(text, files)
    assert caught.value.remedy


def test_a_command_with_a_colon_is_no_recipe() -> None:
    settings = read_source("""trl dpo --optim_args '{"a": 1}'""", {}).settings
    assert settings == {"optim_args": '{"a": 1}'}
