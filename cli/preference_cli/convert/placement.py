"""Devices, nodes and batches, from the launcher's flags and the sizes a device."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from preference_api.v1alpha1.placement import Strategy
from preference_cli.convert import values
from preference_cli.convert.findings import Kind
from preference_cli.convert.rows import Outcome, Row, Rule, outcome
from preference_cli.convert.settings import Settings
from preference_cli.errors import CommandError

DEVICES_A_NODE = 8
"""Devices of the usual training node; more processes than that are spread over several."""

_TOTAL = ("launch.num_processes",)
_A_NODE = ("launch.nproc_per_node", "launch.num_gpus")
_NODES = ("launch.num_machines", "launch.nnodes", "launch.num_nodes")
_PROCESSOR = ("use_cpu", "launch.cpu", "launch.use_cpu")
_BY_MACHINE = ("gpu", "auto")
_COUNTS = _TOTAL + _A_NODE + _NODES
_BATCH = ("per_device_train_batch_size", "gradient_accumulation_steps")
_FSDP = ("fsdp", "launch.use_fsdp")
_DEEPSPEED = ("deepspeed", "launch.use_deepspeed", "launch.zero_stage")
_SHARDING = (*_FSDP, *_DEEPSPEED, "launch.distributed_type", "launch.multi_gpu")


@dataclass(frozen=True, slots=True)
class Launch:
    """Processes of the whole training and the nodes that they run on; None where not told."""

    processes: int | None
    nodes: int | None


def launch_of(settings: Settings) -> Launch:
    """What the caller, else the launcher, says about processes."""
    nodes = _first(settings, _NODES)
    total = settings.processes or _first(settings, _TOTAL)
    a_node = _first(settings, _A_NODE)
    if total is None and a_node is not None:
        total = a_node * (nodes or 1)
    return Launch(processes=total, nodes=nodes)


def _first(settings: Settings, names: tuple[str, ...]) -> int | None:
    found = (settings.read(name, _count) for name in names)
    return next((number for number in found if number is not None), None)


def _count(value: Any) -> int | None:
    """A number of processes; torchrun's `gpu` and `auto` tell none."""
    return None if value in _BY_MACHINE else values.integer(value)


def _batch(settings: Settings) -> Iterator[Outcome]:
    """The global batch, which a manifest names, from what TRL names."""
    micro, accumulation = (max(1, settings.integer(name) or 1) for name in _BATCH)
    processes = launch_of(settings).processes or 1
    note = f"{micro} a device x {accumulation} accumulated x {processes} processes"
    size = micro * accumulation * processes
    names = (*_BATCH, *(name for name in _COUNTS if settings.has(name)))
    yield outcome(
        settings, names, kind=Kind.CHANGED, target="training.batchSize", value=size, note=note
    )
    if settings.flag("auto_find_batch_size"):
        note = "a micro batch that fits is found by itself; the batch stays as it is"
        yield outcome(settings, ("auto_find_batch_size",), kind=Kind.CHANGED, note=note)
        return
    yield outcome(settings, _BATCH[:1], target="training.microBatchSize", value=micro)


def _devices(settings: Settings) -> Iterator[Outcome]:
    named = tuple(name for name in _COUNTS if settings.has(name))
    if any(settings.flag(name) for name in _PROCESSOR):
        used = tuple(name for name in _PROCESSOR if settings.has(name))
        yield outcome(settings, (*used, *named), target="resources.gpus", value=0)
        return
    launch = launch_of(settings)
    if launch.processes is None:
        yield _unknown_devices()
        return
    source = ("--processes",) if settings.processes else settings.present(*named)
    gpus, nodes = spread(launch.processes, launch.nodes)
    yield Outcome(Kind.MAPPED, source, "resources.gpus", "devices a node", gpus)
    if nodes > 1:
        assumed = "" if launch.nodes else f"up to {DEVICES_A_NODE} devices a node are assumed"
        kind = Kind.TO_FILL if assumed else Kind.MAPPED
        yield Outcome(kind, source, "resources.nodes", assumed, nodes)


def _unknown_devices() -> Outcome:
    note = (
        "the source does not say on how many devices it ran: one is assumed, and the batch size "
        "follows from it; convert again with --processes"
    )
    return Outcome(Kind.TO_FILL, (), "resources.gpus", note)


def spread(processes: int, nodes: int | None) -> tuple[int, int]:
    """Devices a node and nodes.

    Raises:
        CommandError: The processes cannot be shared out evenly.
    """
    if nodes is None:
        gpus = next(n for n in range(min(processes, DEVICES_A_NODE), 0, -1) if processes % n == 0)
        return gpus, processes // gpus
    if processes % nodes:
        raise CommandError(
            f"{processes} processes do not divide over {nodes} nodes",
            remedy="num_processes counts the processes of all nodes together",
        )
    return processes // nodes, nodes


def _sharding(settings: Settings) -> str:
    """Name of what shares out the weights or their optimizer state; empty where nothing does."""
    kind = settings.text("launch.distributed_type")
    if kind == "FSDP" or settings.flag("launch.use_fsdp") or settings.text("fsdp"):
        return "FSDP"
    stage = settings.integer("launch.zero_stage")
    if stage:
        return f"ZeRO stage {stage}"
    deepspeed = kind == "DEEPSPEED" or settings.flag("launch.use_deepspeed")
    return "DeepSpeed" if stage is None and (deepspeed or settings.has("deepspeed")) else ""


def _strategy(settings: Settings) -> Iterator[Outcome]:
    named = tuple(name for name in _SHARDING if settings.has(name))
    if not named:
        return
    sharding = _sharding(settings)
    if not sharding or launch_of(settings).processes == 1:
        note = "one whole copy of the model on each device is the default"
        yield outcome(settings, named, kind=Kind.IGNORED, note=note)
    elif sharding == "FSDP":
        yield outcome(settings, named, target="resources.strategy", value=Strategy.FSDP.value)
    else:
        note = f"{sharding} becomes FSDP: memory is shared out, the result is the same"
        value = Strategy.FSDP.value
        yield outcome(
            settings,
            named,
            kind=Kind.CHANGED,
            target="resources.strategy",
            value=value,
            note=note,
        )


ROWS: tuple[Row, ...] = (
    Rule((*_BATCH, "auto_find_batch_size"), _batch),
    Rule((*_PROCESSOR, *_COUNTS), _devices),
    Rule(_SHARDING, _strategy),
)
