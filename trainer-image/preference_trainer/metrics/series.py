"""Every series of a trainer process, as docs/metrics.md names them; a test compares both.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for counters.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A metric; `preferencejob` is a label of every one.

    Args:
        name: Its whole name.
        meaning: What it tells, for people.
        labels: Further labels, whose values come from a set that this program bounds.
    """

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge(Series):
    """A value that goes up and down; absent until it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Series):
    """A sum that only grows, from the start of the process on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram(Series):
    """Durations in seconds.

    Args:
        bounds: Upper bounds of its buckets, in seconds.
    """

    bounds: tuple[float, ...]


STEP_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)
TRANSFER_BOUNDS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 3600)

STEP = Gauge(name="preference_train_step", meaning="Optimizer steps of the stage that are done.")
STEPS = Gauge(name="preference_train_steps", meaning="Optimizer steps of the whole stage.")
FIGURES: Mapping[str, Gauge] = {
    "epoch": Gauge(
        name="preference_train_epoch",
        meaning="Passes over the rows of the stage that are done.",
    ),
    "loss": Gauge(
        name="preference_train_loss",
        meaning="Loss, as of the last step that was logged; so are all that follow.",
    ),
    "nll_loss": Gauge(
        name="preference_train_nll_loss",
        meaning="Negative log-likelihood of the chosen answers, nats a token (ORPO).",
    ),
    "log_odds_ratio": Gauge(
        name="preference_train_log_odds_ratio",
        meaning="Mean log-sigmoid of the log odds ratio (ORPO).",
    ),
    "rewards/chosen": Gauge(
        name="preference_train_rewards_chosen", meaning="Mean reward of chosen answers (DPO)."
    ),
    "rewards/rejected": Gauge(
        name="preference_train_rewards_rejected", meaning="Mean reward of rejected answers (DPO)."
    ),
    "rewards/margins": Gauge(
        name="preference_train_reward_margin",
        meaning="Mean difference of both rewards; of ORPO the log odds ratio times lambda.",
    ),
    "rewards/accuracies": Gauge(
        name="preference_train_reward_accuracy_ratio",
        meaning="Share of pairs with the chosen answer ahead.",
    ),
    "logps/chosen": Gauge(
        name="preference_train_logps_chosen",
        meaning="Mean log-probability of chosen answers, nats an answer.",
    ),
    "logps/rejected": Gauge(
        name="preference_train_logps_rejected",
        meaning="Mean log-probability of rejected answers, nats an answer.",
    ),
    "grad_norm": Gauge(
        name="preference_train_grad_norm", meaning="Norm of the gradient, before it is clipped."
    ),
    "learning_rate": Gauge(name="preference_train_learning_rate", meaning="Learning rate."),
}
"""Gauges of a log entry by their keys in the log of TRL's trainers."""
NONFINITE = Counter(
    name="preference_train_nonfinite_total", meaning="Losses and gradients that were not finite."
)
TOKENS = Counter(
    name="preference_train_tokens_total",
    meaning="Tokens that were trained on, each prompt once: pairs times the mean of a pair.",
)
SAMPLES = Counter(
    name="preference_train_samples_total",
    meaning="Pairs that were trained on; demonstrations, in the SFT stage.",
)
STEP_DURATION = Histogram(
    name="preference_train_step_duration_seconds",
    meaning="Duration of an optimizer step, from its first micro batch on.",
    bounds=STEP_BOUNDS,
)
MEMORY_ALLOCATED = Gauge(
    name="preference_train_gpu_memory_allocated_bytes",
    meaning="Device memory of tensors; on a GPU only.",
)
MEMORY_RESERVED = Gauge(
    name="preference_train_gpu_memory_reserved_bytes",
    meaning="Device memory that is held; on a GPU only.",
)
CHECKPOINT_STEP = Gauge(
    name="preference_train_checkpoint_last_committed_step",
    meaning="Step of the newest complete checkpoint of the stage.",
)
CHECKPOINT_TIME = Gauge(
    name="preference_train_checkpoint_last_committed_timestamp_seconds",
    meaning="When this process completed one; the start of the stage before it has.",
)
CHECKPOINT_INTERVAL = Gauge(
    name="preference_train_checkpoint_interval_seconds",
    meaning="`spec.checkpoints.everyMinutes`; only while steps are made.",
)
CHECKPOINT_SAVE = Histogram(
    name="preference_train_checkpoint_save_duration_seconds",
    meaning="Duration of writing a checkpoint to disk.",
    bounds=TRANSFER_BOUNDS,
)
CHECKPOINT_UPLOAD = Histogram(
    name="preference_train_checkpoint_upload_duration_seconds",
    meaning="Duration of its upload, until it is complete.",
    bounds=TRANSFER_BOUNDS,
)
CHECKPOINT_VERIFY = Histogram(
    name="preference_train_checkpoint_verify_duration_seconds",
    meaning="Duration of fetching and verifying one before it is resumed from.",
    bounds=TRANSFER_BOUNDS,
)
CHECKPOINT_BYTES = Counter(
    name="preference_train_checkpoint_bytes_total", meaning="Bytes of complete checkpoints."
)
S3_REQUESTS = Counter(
    name="preference_train_s3_requests_total",
    meaning="Requests to S3 by operation; `code` is the status, or `error` where there was no "
    "answer.",
    labels=("op", "code"),
)
S3_RETRIES = Counter(
    name="preference_train_s3_retries_total", meaning="Requests that were made again."
)
S3_BYTES = Counter(
    name="preference_train_s3_bytes_total",
    meaning="Bytes of objects, `in` and `out`; sent again, they count again.",
    labels=("direction",),
)
ROWS = Gauge(name="preference_train_data_rows", meaning="Rows of the dataset.")
SKIPPED = Counter(
    name="preference_train_data_skipped_total",
    meaning="Rows that were left out; the reasons are those of the check's report.",
    labels=("reason",),
)
LAST_PROGRESS = Gauge(
    name="preference_train_last_progress_timestamp_seconds",
    meaning="When the process last got on, in whichever stage: `updatedAt` of its progress.",
)

SERIES: tuple[Series, ...] = (
    STEP,
    STEPS,
    *FIGURES.values(),
    NONFINITE,
    TOKENS,
    SAMPLES,
    STEP_DURATION,
    MEMORY_ALLOCATED,
    MEMORY_RESERVED,
    CHECKPOINT_STEP,
    CHECKPOINT_TIME,
    CHECKPOINT_INTERVAL,
    CHECKPOINT_SAVE,
    CHECKPOINT_UPLOAD,
    CHECKPOINT_VERIFY,
    CHECKPOINT_BYTES,
    S3_REQUESTS,
    S3_RETRIES,
    S3_BYTES,
    ROWS,
    SKIPPED,
    LAST_PROGRESS,
)
"""All of them, in the order of the page."""
