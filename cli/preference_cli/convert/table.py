"""The table of every setting that is known, and the other names that settings go by."""

import difflib
from collections.abc import Mapping

from preference_api.v1alpha1.methods import Method
from preference_cli.convert import (
    dataset,
    ignored,
    model,
    objective,
    placement,
    run,
    training,
)
from preference_cli.convert.rows import Row

TABLE: tuple[Row, ...] = (
    *model.ROWS,
    *dataset.ROWS,
    *objective.ROWS,
    *training.ROWS,
    *placement.ROWS,
    *run.ROWS,
    *ignored.ROWS,
)

OTHER_NAMES: Mapping[str, str] = {
    "activation_checkpointing": "gradient_checkpointing",
    "activation_checkpointing_kwargs": "gradient_checkpointing_kwargs",
    "dataset": "dataset_name",
    "evaluation_strategy": "eval_strategy",
    "max_target_length": "max_completion_length",
    "model": "model_name_or_path",
    "model_name": "model_name_or_path",
    "no_cuda": "use_cpu",
    "orpo_alpha": "beta",
    "orpo_beta": "beta",
    "per_gpu_eval_batch_size": "per_device_eval_batch_size",
    "per_gpu_train_batch_size": "per_device_train_batch_size",
    "ref_model_name": "ref_model",
    "ref_model_name_or_path": "ref_model",
    "tokenizer": "processing_class",
    "tokenizer_name": "processing_class",
    "tokenizer_name_or_path": "processing_class",
    "torch_dtype": "dtype",
}
"""Former names in TRL, transformers and their examples, and what they are called."""

LAUNCH = "launch."
"""Before the names of the launcher's flags, which may be the same as the script's."""


def decides(name: str, method: Method) -> bool:
    """Whether a row of a method, or of both, has a use for a setting."""
    return any(name in row.names and row.method in (None, method) for row in TABLE)


KNOWN = frozenset(name for row in TABLE for name in row.names)


def resolve(name: str) -> str | None:
    """What a name of a script's setting is called; None where it is not known.

    `trl` takes the launcher's flags among its own.
    """
    candidates = (name, OTHER_NAMES.get(name, ""), f"{LAUNCH}{name}")
    return next((found for found in candidates if found in KNOWN), None)


def nearest(name: str) -> str | None:
    """The known name that an unknown one most likely means."""
    names = {known.removeprefix(LAUNCH) for known in KNOWN} | set(OTHER_NAMES)
    return next(iter(difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.6)), None)
