"""Following a training from outside: TensorBoard files in the bucket, MLflow, Weights & Biases.

The bucket is written to by this process, at every checkpoint. A tracker is told by a process of its
own, which the training never waits for while it trains and for `follower.LAST_SECONDS` at the end.
"""

import sys


def keep_out_libraries() -> None:
    """Have the trackers' libraries be absent in this process, before TRL is imported.

    TRL, accelerate and transformers import wandb and mlflow wherever they find them.
    """
    for name in ("mlflow", "wandb"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
