"""Why a trainer process ends early, each with its exit code and the way out.

TrainerError
├── ConfigurationError   2   the manifest or the model cannot work
├── DataError            3   the pairs cannot be trained on
├── StorageRefused       4   missing object or bucket, wrong credentials, no right
├── StorageUnavailable   5   the storage did not answer, or the disk is full: try again
├── Diverged             6   loss, gradient or a guard
├── StoppedEarly        75   told to stop, or another attempt took over; state is saved
└── DeviceUnavailable    1   the GPU does not answer: try again
"""

from preference_api.wire import ExitCode

UNEXPECTED = 1
"""Exit code of what has none of its own; such a failure counts, and is tried again."""


class TrainerError(Exception):
    """A failure with a cause that a person can act on.

    Args:
        message: A sentence that names the field, file or row.
        remedy: The way out, as an instruction.
        reason: One CamelCase word, for conditions and termination messages.

    `checkpoint_uri` and `step` tell of the run's newest complete checkpoint, where there is one,
    and `listing` of the dataset that a check looked at.
    """

    exit_code: int
    default_reason: str
    checkpoint_uri: str | None = None
    step: int | None = None
    listing: str | None = None

    def __init__(self, message: str, *, remedy: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.reason = reason or self.default_reason


class ConfigurationError(TrainerError):
    """The manifest or the model cannot work; the same again fails again."""

    exit_code = ExitCode.BAD_CONFIGURATION
    default_reason = "BadConfiguration"


class DataError(TrainerError):
    """The pairs cannot be trained on."""

    exit_code = ExitCode.BAD_DATA
    default_reason = "BadData"


class StorageRefused(TrainerError):
    """The storage answered no."""

    exit_code = ExitCode.STORAGE_REFUSED
    default_reason = "StorageRefused"


class StorageUnavailable(TrainerError):
    """The storage did not answer, or broke what it sent; another try may go through."""

    exit_code = ExitCode.STORAGE_UNAVAILABLE
    default_reason = "StorageUnavailable"


class Diverged(TrainerError):
    """Training left the ground: non-finite numbers or a guard of the spec."""

    exit_code = ExitCode.DIVERGED
    default_reason = "Diverged"


class StoppedEarly(TrainerError):
    """Told to stop; what there is has been saved and another attempt goes on from it."""

    exit_code = ExitCode.STOPPED_EARLY
    default_reason = "StoppedEarly"


class DeviceUnavailable(TrainerError):
    """The GPU does not answer; another try, or another node, may have one that does."""

    exit_code = UNEXPECTED
    default_reason = "NoGPU"
