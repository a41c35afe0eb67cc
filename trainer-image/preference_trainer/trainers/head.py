"""Two things that TRL 1.16 does and that are work without use here.

Its fused head (`trl.trainer.utils.add_fused_lm_head`) scores only the positions with a label on
devices with Triton and every position elsewhere, for the sake of devices that recompile when
shapes change. A processor has no such cost: on HH-RLHF two thirds of all positions are prompt, and
a step of a small model takes half the time without them.

Its DPOTrainer hashes every weight where the reference is precomputed, for a cache that is not
used here.
"""

import trl.trainer.dpo_trainer
import trl.trainer.utils


def spare_needless_work() -> None:
    """Patch both, for every head and trainer that TRL makes from here on."""
    trl.trainer.utils._use_triton = lambda _device: True
    trl.trainer.dpo_trainer.hash_module = lambda _model: ""
