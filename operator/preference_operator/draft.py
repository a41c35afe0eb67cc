"""A status in the making: what a pass found out about the run, until it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from preference_api import identity
from preference_api.v1alpha1.status import (
    Attempts,
    Checkpoint,
    ConditionType,
    DatasetStatus,
    HistoryEntry,
    PreferenceJobStatus,
    Result,
    Run,
    Stage,
)
from preference_api.wire import TerminationMessage
from preference_operator.conditions import Outlook, Word, false, settle, summary, true, unknown
from preference_operator.objects import Job

_FIRST_WORDS: Mapping[ConditionType, Word] = {
    ConditionType.ACCEPTED: true("Valid", "The spec is valid."),
    ConditionType.DATA_READY: unknown("NotChecked", "Model and pairs are not checked yet."),
    ConditionType.ADMITTED: unknown("NotAsked", "No training pod was asked for yet."),
    ConditionType.RUNNING: unknown("NotStarted", "Nothing runs yet."),
    ConditionType.SUSPENDED: false("NotAsked", "Suspension is not asked for."),
    ConditionType.CHECKPOINT_AVAILABLE: unknown("NoneYet", "No checkpoint is saved yet."),
    ConditionType.EVALUATION_PASSED: unknown("NotEvaluated", "The model is not evaluated yet."),
}

_MOST_RUNS = 2**31
"""A number from here on was not counted, but written by somebody; the API ends at 2**63."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the status will say.

    state: One word for people.
    outlook: What tools see.
    reason, message: Of the conditions that tools look at.
    words: Of the other conditions.
    troubled: Somebody should look at it.
    """

    job: Job
    now: datetime
    run: Run | None
    state: str = ""
    outlook: Outlook = Outlook.PROGRESSING
    reason: str = ""
    message: str = ""
    words: Mapping[ConditionType, Word] = field(default_factory=dict)
    dataset: DatasetStatus | None = None
    checkpoint: Checkpoint | None = None
    result: Result | None = None
    attempts: Attempts | None = None
    history: tuple[HistoryEntry, ...] = ()
    troubled: bool = False

    def say(self, **words: Word) -> Self:
        """The draft with conditions set, by the names of ConditionType in lower case."""
        said = {ConditionType[name.upper()]: word for name, word in words.items()}
        return replace(self, words={**self.words, **said})

    def stand(self, state: str, outlook: Outlook, reason: str, message: str) -> Self:
        """The draft with the summary set."""
        return replace(self, state=state, outlook=outlook, reason=reason, message=message)

    def at(self, stage: Stage) -> Self:
        """The draft with the run's stage set."""
        assert self.run is not None
        return replace(self, run=self.run.model_copy(update={"stage": stage}))

    def count(self, attempts: Attempts) -> Self:
        """The draft with attempts counted; a count never goes back."""
        known = self.attempts or Attempts()
        counted = Attempts(
            failures=max(known.failures, attempts.failures),
            preemptions=max(known.preemptions, attempts.preemptions),
        )
        return replace(self, attempts=counted)

    def saved(self, checkpoint: Checkpoint) -> Self:
        """The draft with the newest complete checkpoint."""
        told = true("Saved", "status.checkpoint names the newest complete checkpoint.")
        return replace(self.say(checkpoint_available=told), checkpoint=checkpoint)

    def listed(self, message: TerminationMessage | None) -> Self:
        """The draft with the listing that the last word of a check tells."""
        if self.run is None or message is None or message.listing is None:
            return self
        return replace(self, run=self.run.model_copy(update={"listing": message.listing}))

    @property
    def run_hash(self) -> str:
        """The hash in the names of the run's children."""
        assert self.run is not None
        return identity.run_hash(self.run)

    def heard(self, message: TerminationMessage | None) -> Self:
        """The draft with the checkpoint that the last word of a pod names."""
        if message is None or message.checkpoint_uri is None or message.step is None:
            return self
        return self.saved(Checkpoint(uri=message.checkpoint_uri, step=message.step))

    def status(self) -> PreferenceJobStatus:
        """The status as it is written; progress has a writer of its own."""
        words = {**self.words, **summary(self.outlook, self.reason, self.message)}
        conditions = settle(
            self.job.status.conditions or (),
            words,
            generation=self.job.generation,
            now=self.now,
        )
        return PreferenceJobStatus(
            observed_generation=self.job.generation,
            state=self.state,
            conditions=conditions,
            run=self.run,
            dataset=self.dataset,
            checkpoint=self.checkpoint,
            result=self.result,
            attempts=self.attempts,
            history=list(self.history) or None,
        )


def begin(job: Job, now: datetime) -> Draft:
    """The draft of a pass: the run that the object stands at, or a new one where none is for it.

    A run that is over and does not say how begins anew: its check finds what it left.
    """
    run = job.status.run
    if run is not None and _goes_on(job, run):
        return resume(job, run, now)
    return begin_anew(job, now)


def begin_anew(job: Job, now: datetime, *, dataset_changed: datetime | None = None) -> Draft:
    """The draft of a run that begins.

    Args:
        job: The object.
        now: The time.
        dataset_changed: When the dataset was found changed; None where the spec asks for the run.

    """
    run = job.status.run
    earlier = [entry.number for entry in job.status.history or ()]
    known = [number for number in (run.number if run else 0, *earlier) if number < _MOST_RUNS]
    number = max(known, default=0) + 1
    return Draft(
        job=job,
        now=now,
        run=Run(
            number=number,
            spec_hash=job.spec_hash,
            stage=Stage.CHECK,
            start_time=now,
            dataset_changed_time=dataset_changed,
        ),
        words=_FIRST_WORDS,
        attempts=Attempts(),
        result=job.status.result,
        history=tuple(job.status.history or ()),
    )


def _goes_on(job: Job, run: Run) -> bool:
    underway = run.spec_hash == job.spec_hash and run.completion_time is None
    return underway or job.end is not None


def resume(job: Job, run: Run, now: datetime) -> Draft:
    """The draft of a pass that goes on with a run."""
    status = job.status
    words = {
        one.type: Word(status=one.status, reason=one.reason, message=one.message)
        for one in status.conditions or ()
        if one.type in _FIRST_WORDS
    }
    return Draft(
        job=job,
        now=now,
        run=run,
        words={**_FIRST_WORDS, **words},
        dataset=status.dataset,
        checkpoint=status.checkpoint,
        result=status.result,
        attempts=status.attempts or Attempts(),
        history=tuple(status.history or ()),
    )
