"""Training state in the bucket: saved while training, found again by whoever goes on."""

import shutil
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from preference_trainer.attempt import Attempt, complete
from preference_trainer.log import log
from preference_trainer.metrics import Metrics
from preference_trainer.metrics.series import (
    CHECKPOINT_BYTES,
    CHECKPOINT_STEP,
    CHECKPOINT_TIME,
    CHECKPOINT_UPLOAD,
    CHECKPOINT_VERIFY,
    STEP,
)
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import (
    Damaged,
    Location,
    Manifest,
    fetch_tree,
)


class StageName(StrEnum):
    """The stages of a run that change weights, in their order."""

    SFT = "sft"
    PREFERENCE = "preference"


@dataclass(frozen=True, slots=True)
class SavedState:
    """A complete checkpoint, fetched and verified.

    step: Optimizer steps that it holds.
    seconds: Training time of the stage until then, over all attempts.
    folder: Its local copy, in the form of transformers' Trainer.
    """

    stage: StageName
    step: int
    seconds: float
    uri: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of one run, under `checkpoints/` of its place.

    A checkpoint without a manifest does not exist, and nothing is overwritten.
    """

    place: Location
    attempt: Attempt
    keep: int
    metrics: Metrics

    def save(self, folder: Path, *, stage: StageName, step: int, seconds: float) -> str:
        """Publish a local checkpoint, prune older ones, remove the local copy; its URI."""
        location = self.place / f"{stage.value}-step-{step:06d}"
        about = {"stage": stage.value, "step": step, "seconds": seconds}
        with self.metrics.timed(CHECKPOINT_UPLOAD):
            manifest = self.attempt.publish(folder, location, about=about)
        self._committed(manifest, step)
        log("CheckpointSaved", uri=location.uri, step=step, stage=stage.value)
        shutil.rmtree(folder)
        self._prune()
        return location.uri

    def newest(self, stage: StageName, workdir: Path, stop: StopRequest) -> SavedState | None:
        """Fetch a stage's newest checkpoint whose every file verifies; None where there is none.

        One that does not verify is removed, so that its step can be saved again.
        """
        for found, step, location in reversed(self._complete()):
            folder = workdir / location.name / f"checkpoint-{step}"
            if found is not stage:
                continue
            try:
                with self.metrics.timed(CHECKPOINT_VERIFY):
                    about = fetch_tree(
                        location, folder, on_bytes=lambda _n: stop.check("fetching a checkpoint")
                    ).about
            except Damaged as damage:
                log("CheckpointDamaged", level="warning", uri=location.uri, message=str(damage))
                shutil.rmtree(folder, ignore_errors=True)
                self.attempt.hold()
                location.delete_tree()
                continue
            self.metrics.set(STEP, step)
            self.metrics.set(CHECKPOINT_STEP, step)
            seconds = float(str(about["seconds"]))
            return SavedState(
                stage=stage, step=step, seconds=seconds, uri=location.uri, folder=folder
            )
        return None

    def last(self) -> tuple[str, int] | None:
        """URI and step of the newest complete checkpoint."""
        complete = self._complete()
        return (complete[-1][2].uri, complete[-1][1]) if complete else None

    def remove(self, stage: StageName) -> None:
        """Remove every checkpoint of a stage whose result is kept elsewhere."""
        for saved, _step, location in self._complete():
            if saved is stage:
                location.delete_tree()

    def _committed(self, manifest: Manifest, step: int) -> None:
        self.metrics.add(CHECKPOINT_BYTES, sum(file.size for file in manifest.files))
        self.metrics.set(CHECKPOINT_STEP, step)
        self.metrics.set(CHECKPOINT_TIME, time.time())

    def _prune(self) -> None:
        for _stage, _step, location in self._complete()[: -self.keep]:
            location.delete_tree()

    def _complete(self) -> list[tuple[StageName, int, Location]]:
        """Complete checkpoints in the order in which they were made."""
        names = {item.name.split("/")[0] for item in self.place.list() if "/" in item.name}
        manifests = [(self.place / name, complete(self.place / name)) for name in names]
        found = [_described(manifest, place) for place, manifest in manifests if manifest]
        order = list(StageName)
        return sorted(found, key=lambda saved: (order.index(saved[0]), saved[1]))


def _described(manifest: Manifest, location: Location) -> tuple[StageName, int, Location]:
    stage, step = manifest.about["stage"], manifest.about["step"]
    return StageName(str(stage)), int(str(step)), location
