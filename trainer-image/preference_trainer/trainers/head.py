"""The output head that scores only the positions that carry a label.

TRL's fused head (`trl.trainer.utils.add_fused_lm_head`, TRL 1.16) does so on devices with Triton
and scores every position elsewhere, for the sake of devices that recompile when shapes change. A
processor has no such cost: on HH-RLHF two thirds of all positions are prompt, and a step of a
small model takes half the time without them.
"""

import trl.trainer.utils


def score_labelled_positions_only() -> None:
    """Make every head that TRL attaches from here on skip positions without a label."""
    trl.trainer.utils._use_triton = lambda _device: True
