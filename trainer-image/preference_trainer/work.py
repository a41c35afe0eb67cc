"""What a process works on: the document, where things lie, where it computes, when it stops."""

from dataclasses import dataclass
from pathlib import Path

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.status import Resolved
from preference_api.wire import RunDocument
from preference_trainer.attempt import Attempt, claim
from preference_trainer.checkpoints import Checkpoints
from preference_trainer.dataset.cache import cache_place
from preference_trainer.errors import ConfigurationError
from preference_trainer.metrics import Metrics
from preference_trainer.model.device import Device, choose_device, require_bitsandbytes
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location, open_location
from preference_trainer.tracking.run_tracking import RunTracking, open_tracking


@dataclass(frozen=True, slots=True)
class Work:
    """What every phase needs, and what reading and evaluating need only.

    folder: Local folder of this process.
    """

    document: RunDocument
    resolved: Resolved
    folder: Path
    device: Device
    board: ProgressBoard
    metrics: Metrics
    stop: StopRequest

    @property
    def spec(self) -> PreferenceJobSpec:
        """The spec of the job."""
        return self.document.spec

    @property
    def output(self) -> Location:
        """`output.uri` of the spec."""
        return self.location(self.spec.output.uri)

    @property
    def place(self) -> Location:
        """`runs/<run id>` below the output."""
        return self.output / f"runs/{self.resolved.run_id}"

    @property
    def dataset(self) -> Location:
        """The cleaned pairs that the check left."""
        return cache_place(self.output, self.resolved.dataset_digest)

    def location(self, uri: str) -> Location:
        """Open a location with the storage settings of the spec."""
        return open_location(
            uri, self.spec.storage, local=self.document.local, metrics=self.metrics
        )


@dataclass(frozen=True, slots=True)
class Run:
    """Work that changes a run, and therefore holds it."""

    work: Work
    attempt: Attempt
    checkpoints: Checkpoints
    tracking: RunTracking

    @property
    def spec(self) -> PreferenceJobSpec:
        """The spec of the job."""
        return self.work.spec

    @property
    def place(self) -> Location:
        """`runs/<run id>` below the output."""
        return self.work.place


def prepare(
    document: RunDocument,
    *,
    folder: Path,
    board: ProgressBoard,
    metrics: Metrics,
    stop: StopRequest,
) -> Work:
    """Read the document and choose the device.

    Raises:
        ConfigurationError: The document was not checked, or asks for what is not here.
        DeviceUnavailable: It asks for a GPU that does not answer.

    """
    if document.resolved is None:
        raise ConfigurationError(
            "the run document holds no result of a check",
            remedy="Run `preference-trainer check` first and put its `resolved` into the document.",
        )
    device = choose_device(document.spec.model, gpus=document.spec.resources.gpus)
    require_bitsandbytes(document.spec)
    return Work(
        document=document,
        resolved=document.resolved,
        folder=folder,
        device=device,
        board=board,
        metrics=metrics,
        stop=stop,
    )


def claim_run(work: Work) -> Attempt:
    """Claim the run; an older attempt finds out before it writes again.

    Raises:
        StoppedEarly: Another owner works on it.

    """
    return claim(work.place, owner=work.document.uid, stop=work.stop)


def open_run(work: Work, attempt: Attempt) -> Run:
    """What works on a run that is claimed."""
    kept = Checkpoints(
        place=work.place / "checkpoints",
        attempt=attempt,
        keep=work.spec.checkpoints.keep,
        metrics=work.metrics,
    )
    tracking = open_tracking(work.document, work.resolved, attempt)
    return Run(work=work, attempt=attempt, checkpoints=kept, tracking=tracking)
