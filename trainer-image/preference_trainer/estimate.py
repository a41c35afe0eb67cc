"""How much device memory a training takes and how much arithmetic, from the model's sizes alone.

Bytes on one device that holds the whole model:

- weights: parameters x bytes of their format, and a bfloat16 copy under autocast; a linear layer in
  NF4 takes 4.127 bits a parameter, constants included (QLoRA, https://arxiv.org/abs/2305.14314,
  section 3); adapters are float32.
- gradients: trainable parameters x bytes of their format.
- optimizer: two moments of Adam in that format, one byte each in 8 bit, one moment of RMSprop, a
  row and a column of each matrix of Adafactor.
- reference: a second copy of the weights where it is computed online and there are no adapters.
- activations: what one decoder layer keeps for the backward pass, for each token: bytes for each
  number of the model's width, of the keys' and of the feed-forward part's, as in _LAYER. Counted
  with torch.autograd.graph.saved_tensors_hooks on layers of Llama and adapters of peft, for
  attention that stores no scores: norms are float32, so is the residual stream under autocast, and
  adapters keep their input in float32. With checkpointing each layer keeps its input only, in the
  residual stream's format, and one the rest.
- logits: TRL's fused head folds tiles of 4096 tokens x TILE_WORDS words; its backward pass was
  measured to hold eight of them in float32. Where the head is trained, the gradient of its whole
  weight in float32 besides.

A micro batch of b pairs is 2 b sequences of the longest pair's length. The framework itself takes
0.5 to 1 GiB more.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.methods import DPO, Method, Reference
from preference_api.v1alpha1.model import DType
from preference_api.v1alpha1.training import Optimizer
from preference_trainer.model.shape import ModelShape, is_target, shape_in

_NF4_BITS = 4.127
_TILE_TOKENS, _TILES = 4096, 8
TILE_WORDS = 8192
"""Words that the fused head folds at once."""
_MOMENTS = {
    Optimizer.ADAMW: 2.0,
    Optimizer.ADAMW_8BIT: 2.0,
    Optimizer.PAGED_ADAMW_8BIT: 2.0,
    Optimizer.RMSPROP: 1.0,
}
_EIGHT_BIT = (Optimizer.ADAMW_8BIT, Optimizer.PAGED_ADAMW_8BIT)
_LAYER = {
    # By dropout of the adapters (None: no adapters), and bytes of the residual stream and the rest.
    (None, 4, 4): (32, 8, 16),
    (None, 4, 2): (30, 4, 8),
    (None, 2, 2): (20, 4, 8),
    (False, 4, 4): (24, 8, 16),
    (False, 2, 2): (36, 4, 10),
    (True, 4, 4): (64, 8, 20),
    (True, 2, 2): (60, 4, 14),
}
_HEADROOM = 0.85
_PROCESSOR_SHARE = 0.5
_MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


class MemoryEstimate(ApiModel):
    """Bytes of device memory, by what takes them; the formulas are in the module's text."""

    micro_batch: int = Field(ge=1, description="Pairs that the device holds at once.")
    sequence_length: int = Field(ge=1, description="Tokens of the longest sequence.")
    weights: int = Field(ge=0, description="The model, adapters included.")
    gradients: int = Field(ge=0, description="Gradients of what is trained.")
    optimizer: int = Field(ge=0, description="The optimizer's state.")
    reference: int = Field(ge=0, description="A second model for reference log-probabilities.")
    activations: int = Field(ge=0, description="What the backward pass needs.")
    logits: int = Field(ge=0, description="Tiles and gradient of the output head.")

    @property
    def total(self) -> int:
        """Their sum."""
        fixed = self.weights + self.gradients + self.optimizer + self.reference
        return fixed + self.activations + self.logits


def estimate_memory(
    spec: PreferenceJobSpec, shape: ModelShape, *, micro_batch: int, sequence_length: int
) -> MemoryEstimate:
    """Device memory of the preference stage.

    Args:
        spec: The spec.
        shape: Sizes of the model.
        micro_batch: Pairs that the device holds at once.
        sequence_length: Tokens of the longest prompt with an answer.
    """
    trainable, width = trainable_parameters(spec, shape), _trained_bytes(spec)
    tokens = 2 * micro_batch * sequence_length
    return MemoryEstimate(
        micro_batch=micro_batch,
        sequence_length=sequence_length,
        weights=_weights(spec, shape),
        gradients=trainable * width,
        optimizer=_optimizer(spec.training.optimizer, trainable, width, shape),
        reference=_reference(spec, shape),
        activations=_activations(spec, shape, tokens),
        logits=_logits(spec, shape, tokens),
    )


def trainable_parameters(spec: PreferenceJobSpec, shape: ModelShape) -> int:
    """Parameters that are trained: all, or rank x (inputs + outputs) of each adapted layer."""
    lora = spec.model.lora
    if lora is None:
        return shape.parameters
    widths = shape.linear_widths.items()
    return lora.rank * sum(
        width for module, width in widths if is_target(module, lora.target_modules)
    )


def training_flops(spec: PreferenceJobSpec, shape: ModelShape, *, epoch_tokens: int) -> float:
    """Floating-point operations of one epoch of the preference stage, linear layers only.

    For each token and parameter: 2 forward, 4 backward (2 where the weights are frozen), 2 for
    recomputing, 2 for a reference.

    Args:
        spec: The spec.
        shape: Sizes of the model.
        epoch_tokens: Tokens of an epoch, each prompt once.
    """
    backward = 4 if spec.model.lora is None else 2
    recomputed = 2 if spec.training.gradient_checkpointing else 0
    reference = 2 if spec.method is Method.DPO else 0
    return float((2 + backward + recomputed + reference) * shape.parameters * epoch_tokens)


def largest_micro_batch(
    spec: PreferenceJobSpec, shape: ModelShape, *, sequence_length: int, device_bytes: int
) -> int:
    """Most pairs that a device holds at once; 1 where even that may be too much.

    Args:
        spec: The spec.
        shape: Sizes of the model.
        sequence_length: Tokens of the longest prompt with an answer.
        device_bytes: Memory of the device; 15 % of it are left free.
    """

    def needed(pairs: int) -> int:
        return estimate_memory(
            spec, shape, micro_batch=pairs, sequence_length=sequence_length
        ).total

    sizes = range(1, spec.training.batch_size + 1)
    return max(1, bisect_right(sizes, _HEADROOM * device_bytes, key=needed))


def suggest_micro_batch(
    spec: PreferenceJobSpec, *, base: Path, limits: Sequence[Path] = _MEMORY_LIMITS
) -> int:
    """Most pairs of maxLength that the device of this machine holds at once.

    Args:
        spec: The spec.
        base: Folder of the base model.
        limits: Files with the memory limit of this container, of cgroups version 2 and 1.

    Raises:
        ConfigurationError: The folder holds no model whose sizes are known.
    """
    return largest_micro_batch(
        spec,
        shape_in(base, field="spec.model.uri"),
        sequence_length=spec.dataset.max_length,
        device_bytes=_gpu_bytes() if spec.resources.gpus else _processor_bytes(limits),
    )


def _gpu_bytes() -> int:
    import torch

    return int(torch.cuda.get_device_properties(0).total_memory)


def _processor_bytes(limits: Sequence[Path]) -> int:
    """Half of this machine's memory, or of what the container may take where that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(_PROCESSOR_SHARE * min([machine, *_container_bytes(limits)]))


def _container_bytes(limits: Sequence[Path]) -> Iterator[int]:
    """The limits that are set: a file says `max`, or is absent, where there is none."""
    for path in limits:
        try:
            yield int(path.read_text())
        except (OSError, ValueError):
            continue


def _kept_bytes(spec: PreferenceJobSpec) -> int:
    """Bytes of a number of the base weights."""
    if spec.model.dtype is DType.AUTO:
        return 4 if spec.model.lora is None else 2
    return 4 if spec.model.dtype is DType.FLOAT32 else 2


def _trained_bytes(spec: PreferenceJobSpec) -> int:
    return 4 if spec.model.lora is not None else _kept_bytes(spec)


def _weights(spec: PreferenceJobSpec, shape: ModelShape) -> int:
    size = _kept_bytes(spec)
    copy = 2 if spec.model.lora is None and spec.model.dtype is DType.AUTO else 0
    whole = (size + copy) * shape.parameters
    if spec.model.quantization is not None:
        saved = shape.linear_parameters * (size - _NF4_BITS / 8)
        whole = int(whole - saved)
    adapters = 4 * trainable_parameters(spec, shape) if spec.model.lora else 0
    return whole + adapters


def _optimizer(optimizer: Optimizer, trainable: int, width: int, shape: ModelShape) -> int:
    if optimizer is Optimizer.ADAFACTOR:
        return width * 2 * trainable // shape.hidden
    state = 1 if optimizer in _EIGHT_BIT else width
    return int(_MOMENTS[optimizer] * state * trainable)


def _reference(spec: PreferenceJobSpec, shape: ModelShape) -> int:
    dpo = spec.dpo or DPO()
    online = spec.method is Method.DPO and dpo.reference is Reference.ONLINE
    own = dpo.reference_model is not None
    return _kept_bytes(spec) * shape.parameters if online and (own or not spec.model.lora) else 0


def _logits(spec: PreferenceJobSpec, shape: ModelShape, tokens: int) -> int:
    tile = 4 * min(tokens, _TILE_TOKENS) * min(shape.vocabulary, TILE_WORDS)
    return _TILES * tile + (4 * shape.vocabulary * shape.hidden if spec.model.lora is None else 0)


def _activations(spec: PreferenceJobSpec, shape: ModelShape, tokens: int) -> int:
    lora, stream = spec.model.lora, _kept_bytes(spec)
    dropout = None if lora is None else lora.dropout > 0
    size = 4 if spec.model.dtype is DType.FLOAT32 else 2
    width, key_value, intermediate = _LAYER[dropout, stream, size]
    layer = width * shape.hidden + key_value * shape.key_value + intermediate * shape.intermediate
    checkpointed = shape.layers * stream * shape.hidden + layer
    return tokens * (checkpointed if spec.training.gradient_checkpointing else shape.layers * layer)
