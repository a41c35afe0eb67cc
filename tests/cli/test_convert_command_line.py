from typing import Any

import pytest

from preference_cli.convert.command_line import is_command, parse_command, parse_flags
from preference_cli.errors import CommandError


@pytest.mark.parametrize(
    ("text", "script", "launcher"),
    [
        ("trl dpo --beta 1", "dpo", {}),
        ("/opt/bin/trl dpo --beta 1", "dpo", {}),
        ("python trl/scripts/dpo.py --beta 1", "dpo", {}),
        ("python3.11 -u scripts/run_orpo.py --beta 1", "run_orpo", {}),
        ("python -m trl.scripts.dpo --beta 1", "dpo", {}),
        ("python -m trl.experimental.orpo --beta 1", "orpo", {}),
        ("accelerate launch a/dpo.py --beta 1", "dpo", {}),
        ("accelerate launch --num_processes 4 dpo.py --beta 1", "dpo", {"num_processes": "4"}),
        ("accelerate launch --multi_gpu dpo.py --beta 1", "dpo", {"multi_gpu": True}),
        ("accelerate launch --multi_gpu -m trl.scripts.dpo --beta 1", "dpo", {"multi_gpu": True}),
        ("torchrun --nproc-per-node=4 dpo.py --beta 1", "dpo", {"nproc_per_node": "4"}),
        ("deepspeed --num_gpus 2 dpo.py --beta 1", "dpo", {"num_gpus": "2"}),
        ("nohup uv run accelerate launch dpo.py --beta 1 > log &", "dpo", {}),
    ],
)
def test_script_and_launcher(text: str, script: str, launcher: dict[str, Any]) -> None:
    command = parse_command(text)
    assert command.script == script
    assert command.launcher == launcher
    assert command.flags == {"beta": "1"}


@pytest.mark.parametrize(
    ("words", "flags", "loose"),
    [
        (["--beta", "0.1"], {"beta": "0.1"}, []),
        (["--beta=0.1"], {"beta": "0.1"}, []),
        (["--output_dir=a=b"], {"output_dir": "a=b"}, []),
        (["--bf16", "--use-peft"], {"bf16": True, "use_peft": True}, []),
        (["--bf16", "false"], {"bf16": "false"}, []),
        (["--max_steps", "-1"], {"max_steps": "-1"}, []),
        (["--loss_type", "sigmoid", "sft"], {"loss_type": ["sigmoid", "sft"]}, []),
        (["--beta", "1", "--beta", "2"], {"beta": "2"}, []),
        (["recipe.yaml", "--beta=1"], {"beta": "1"}, ["recipe.yaml"]),
        (["--run_name", ""], {"run_name": ""}, []),
    ],
)
def test_flags(words: list[str], flags: dict[str, Any], loose: list[str]) -> None:
    assert parse_flags(words) == (flags, loose)


def test_environment_is_kept_apart() -> None:
    command = parse_command("ACCELERATE_LOG_LEVEL=info A=1 trl dpo --beta 1")
    assert command.environment == ("ACCELERATE_LOG_LEVEL", "A")
    assert command.script == "dpo"


def test_other_commands_of_a_script_are_passed_over() -> None:
    text = "set -eu\ncd /home\nMODEL=a/b\npip install trl\ntrl dpo --model_name_or_path $MODEL\n"
    assert parse_command(text).flags == {"model_name_or_path": "a/b"}


@pytest.mark.parametrize(
    ("text", "number"),
    [("echo hello", 0), ("trl", 0), ("python", 0), ("trl sft --a 1\ntrl dpo --b 2", 2)],
)
def test_one_training_command_is_wanted(text: str, number: int) -> None:
    with pytest.raises(CommandError, match=f"holds {number} training commands"):
        parse_command(text)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("trl dpo", True),
        ("FOO=1 accelerate launch dpo.py", True),
        ("# trl dpo\nbeta: 0.1", False),
        ("beta: 0.1", False),
    ],
)
def test_command_is_told_from_yaml(text: str, verdict: bool) -> None:
    assert is_command(text) is verdict
