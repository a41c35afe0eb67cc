"""What TRL 1.16 does that is work without use here, or that an image cannot do.

Its fused head (`trl.trainer.utils.add_fused_lm_head`) scores only the positions with a label on
devices with Triton and every position elsewhere, for the sake of devices that recompile when
shapes change. A processor has no such cost: on HH-RLHF two thirds of all positions are prompt, and
a step of a small model takes half the time without them.

On CUDA the head folds its tiles with kernels of Triton, which builds a helper with a C compiler
when it launches the first of them. The image has none. TRL's own fold in torch does the same, and
holds eight tiles at once, which have to be smaller for it: a gigabyte in place of four.

Its DPOTrainer hashes every weight where the reference is precomputed, for a cache that is not
used here.
"""

from types import ModuleType

import trl.kernels.chunked_logprob
import trl.trainer.dpo_trainer
import trl.trainer.utils

from preference_trainer.estimate import TILE_WORDS


def spare_needless_work() -> None:
    """Patch all of it, for every head and trainer that TRL makes from here on.

    Raises:
        AttributeError: This TRL lacks one of them, so that the patch would do nothing.
    """
    # Two globals of one name: the first decides which positions are scored, the second with what.
    _replace(trl.trainer.utils, "_use_triton", lambda _device: True)
    _replace(trl.kernels.chunked_logprob, "_use_triton", lambda _device: False)
    _replace(trl.trainer.utils, "_CHUNKED_LOGPROB_CHUNK_SIZE", TILE_WORDS)
    _replace(trl.trainer.dpo_trainer, "hash_module", lambda _model: "")


def _replace(module: ModuleType, name: str, value: object) -> None:
    if not hasattr(module, name):
        raise AttributeError(f"{module.__name__} has no {name} to replace")
    setattr(module, name, value)
