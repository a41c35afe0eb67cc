"""Everything that follows a run, as one value."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from preference_api.v1alpha1.status import Resolved
from preference_api.wire import RunDocument
from preference_trainer.attempt import Attempt
from preference_trainer.errors import StoppedEarly, TrainerError
from preference_trainer.evaluation.metrics import EvaluationMetrics
from preference_trainer.tracking.about import about, described
from preference_trainer.tracking.event_files import EventFiles
from preference_trainer.tracking.follower import LAST_SECONDS, Follower, followers
from preference_trainer.tracking.messages import Ending, Entries, Entry, Series, State


class RunTracking:
    """TensorBoard files in the bucket, and the trackers of the spec.

    It is entered for as long as an attempt works, and tells the trackers how that ended. Nothing
    here raises: who follows a training has no say in it.
    """

    def __init__(self, files: EventFiles, followers: Sequence[Follower]) -> None:
        self._files, self._followers = files, followers
        self._model_uri = ""

    def __enter__(self) -> RunTracking:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ending = ending_of(error, model_uri=self._model_uri)
        for follower in self._followers:
            follower.end(ending)
        end = time.monotonic() + LAST_SECONDS
        for follower in self._followers:
            follower.wait(end - time.monotonic())

    def add(self, series: Series, entries: tuple[Entry, ...]) -> None:
        """Take entries that follow those that were taken before."""
        self._files.add(series, entries)
        if entries:
            for follower in self._followers:
                follower.tell(Entries(series=series, entries=entries))

    def saved(self, series: Series, step: int) -> None:
        """Write an event file for what a checkpoint holds."""
        self._files.close(series, step)

    def evaluated(self, metrics: EvaluationMetrics, history: Sequence[Mapping[str, Any]]) -> None:
        """Take the figures of the evaluation, at the last step of the training."""
        figures = metrics.summary().model_dump(exclude_none=True)
        step = max(
            (entry["step"] for entry in history if entry["stage"] == "preference"), default=0
        )
        self.add(Series.EVALUATION, (Entry(step=step, time=time.time(), figures=figures),))
        self.saved(Series.EVALUATION, step)

    def published(self, model_uri: str) -> None:
        """Take note of where the model lies."""
        self._model_uri = model_uri


def open_tracking(document: RunDocument, resolved: Resolved, attempt: Attempt) -> RunTracking:
    """Begin to follow an attempt.

    Args:
        document: What is trained.
        resolved: Its digests.
        attempt: Who trains it.

    """
    found = about(document, resolved)
    return RunTracking(EventFiles(attempt=attempt, text=described(found)), followers(found))


def ending_of(error: BaseException | None, *, model_uri: str) -> Ending | None:
    """How an attempt ended; None where another one has taken the run over, and tells by itself."""
    if error is None:
        return Ending(state=State.FINISHED, model_uri=model_uri)
    reason = error.reason if isinstance(error, TrainerError) else type(error).__name__
    if isinstance(error, StoppedEarly):
        return None if reason == "Superseded" else Ending(state=State.RESUMABLE, reason=reason)
    return Ending(state=State.FAILED, reason=reason)
