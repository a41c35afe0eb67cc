from typing import Any

import pytest

from conversions import commanded, converted, field, findings, kinds, targets
from preference_cli.convert import Kind
from preference_cli.convert.placement import spread
from preference_cli.errors import CommandError

BATCH = {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 2}


@pytest.mark.parametrize(
    ("settings", "processes", "path", "value"),
    [
        (BATCH, 8, "training.batchSize", 128),
        (BATCH, 8, "training.microBatchSize", 8),
        (BATCH, 2, "training.batchSize", None),
        ({}, 1, "training.batchSize", 8),
        ({**BATCH, "num_processes": 4}, None, "training.batchSize", 64),
        ({**BATCH, "num_processes": 4}, 2, "resources.gpus", 2),
        ({**BATCH, "auto_find_batch_size": True}, 8, "training.microBatchSize", None),
        ({**BATCH, "auto_find_batch_size": True}, 8, "training.batchSize", 128),
        ({"per_gpu_train_batch_size": 3}, 1, "training.microBatchSize", 3),
        ({}, 1, "resources", None),
        ({}, 8, "resources.gpus", 8),
        ({}, 32, "resources.nodes", 4),
        ({}, 32, "resources.gpus", 8),
        ({"num_processes": 8, "num_machines": 2}, None, "resources.gpus", 4),
        ({"num_processes": 8, "num_machines": 2}, None, "resources.nodes", 2),
        ({"use_cpu": True}, 1, "resources.gpus", 0),
        ({"no_cuda": True}, 1, "resources.gpus", 0),
        ({"use_cpu": False}, 2, "resources.gpus", 2),
        ({"fsdp": "full_shard auto_wrap"}, 8, "resources.strategy", "FSDP"),
        ({"fsdp": "full_shard"}, 1, "resources.strategy", None),
        ({"fsdp": []}, 8, "resources.strategy", None),
        ({"deepspeed": "ds_z3.json"}, 8, "resources.strategy", "FSDP"),
        ({"accelerate_config": "zero3"}, None, "resources.strategy", "FSDP"),
        ({"accelerate_config": "zero3"}, None, "resources.gpus", 8),
        ({"accelerate_config": "multi_gpu"}, None, "resources.strategy", None),
        ({"accelerate_config": "single_gpu"}, None, "resources", None),
        ({"accelerate_config": "fsdp2"}, 2, "resources.gpus", 2),
    ],
)
def test_recipe(settings: dict[str, Any], processes: int | None, path: str, value: Any) -> None:
    assert field(converted(settings, processes=processes), path) == value


@pytest.mark.parametrize(
    ("command", "gpus", "nodes", "strategy"),
    [
        ("accelerate launch --num_processes 4 dpo.py", 4, None, None),
        ("accelerate launch --num_processes=16 --num_machines=2 dpo.py", 8, 2, None),
        ("accelerate launch --multi_gpu --num-processes 2 dpo.py", 2, None, None),
        ("accelerate launch --use_fsdp --num_processes 8 dpo.py", 8, None, "FSDP"),
        ("accelerate launch --use_deepspeed --num_processes 8 dpo.py", 8, None, "FSDP"),
        ("accelerate launch --zero_stage 2 --num_processes 8 dpo.py", 8, None, "FSDP"),
        (
            "accelerate launch --zero_stage 0 --use_deepspeed --num_processes 8 dpo.py",
            8,
            None,
            None,
        ),
        ("accelerate launch --cpu dpo.py", 0, None, None),
        ("torchrun --nproc_per_node 8 dpo.py", 8, None, None),
        ("torchrun --nproc-per-node=4 --nnodes=2 dpo.py", 4, 2, None),
        ("python -m torch.distributed.run --nproc_per_node=2 dpo.py", 2, None, None),
        ("deepspeed --num_gpus 4 --num_nodes 3 dpo.py", 4, 3, None),
        ("trl dpo --num_processes 4", 4, None, None),
        ("trl dpo --accelerate_config zero2 --num_processes 4", 4, None, "FSDP"),
    ],
)
def test_launcher(command: str, gpus: int, nodes: int | None, strategy: str | None) -> None:
    conversion = commanded(command)
    assert field(conversion, "resources.gpus") == gpus
    assert field(conversion, "resources.nodes") == nodes
    assert field(conversion, "resources.strategy") == strategy
    assert "resources.gpus" not in targets(conversion, Kind.TO_FILL)


@pytest.mark.parametrize(
    ("processes", "nodes", "shape"),
    [
        (1, None, (1, 1)),
        (8, None, (8, 1)),
        (16, None, (8, 2)),
        (12, None, (6, 2)),
        (11, None, (1, 11)),
        (16, 4, (4, 4)),
        (8, 8, (1, 8)),
    ],
)
def test_processes_are_spread_evenly(
    processes: int, nodes: int | None, shape: tuple[int, int]
) -> None:
    assert spread(processes, nodes) == shape


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"num_processes": 16}, Kind.TO_FILL),
        ({"num_processes": 16, "num_machines": 2}, Kind.MAPPED),
    ],
)
def test_assumed_nodes_are_looked_at(settings: dict[str, Any], kind: Kind) -> None:
    conversion = converted(settings, processes=None)
    (found,) = (found for found in conversion.findings if found.target == "resources.nodes")
    assert found.kind is kind


def test_uneven_nodes_are_refused() -> None:
    with pytest.raises(CommandError, match="8 processes do not divide over 3 nodes"):
        spread(8, 3)


def test_unknown_number_of_devices_has_to_be_filled_in() -> None:
    conversion = converted(BATCH, processes=None)
    assert field(conversion, "training.batchSize") == 16
    (found,) = (found for found in conversion.findings if found.target == "resources.gpus")
    assert found.kind is Kind.TO_FILL
    assert "--processes" in found.note


def test_torchrun_may_leave_the_number_to_the_machine() -> None:
    conversion = commanded("torchrun --nproc_per_node gpu dpo.py")
    assert "resources.gpus" in targets(conversion, Kind.TO_FILL)


def test_batch_tells_how_it_came_about() -> None:
    (found, _) = findings(converted(BATCH, processes=8), "per_device_train_batch_size")
    assert found.kind is Kind.CHANGED
    assert found.note == "8 a device x 2 accumulated x 8 processes"


@pytest.mark.parametrize(
    ("settings", "setting", "kind"),
    [
        ({"num_processes": 8, "distributed_type": "DEEPSPEED"}, "distributed_type", Kind.CHANGED),
        ({"num_processes": 8, "distributed_type": "FSDP"}, "distributed_type", Kind.MAPPED),
        ({"num_processes": 1, "distributed_type": "FSDP"}, "distributed_type", Kind.IGNORED),
        ({"num_processes": 8, "distributed_type": "MULTI_GPU"}, "distributed_type", Kind.IGNORED),
        ({"mixed_precision": "bf16"}, "mixed_precision", Kind.IGNORED),
    ],
)
def test_kind_of_sharding(settings: dict[str, Any], setting: str, kind: Kind) -> None:
    assert kinds(converted(settings, processes=None), setting) == {kind}
