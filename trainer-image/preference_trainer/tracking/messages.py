"""What a tracker's process is told: one line of JSON a message, `About` first, `Ending` last."""

from enum import StrEnum

from pydantic import Field, TypeAdapter

from preference_api.v1alpha1.base import ApiModel
from preference_api.v1alpha1.tracking import Tracking


class Series(StrEnum):
    """Figures that share an axis of steps."""

    SFT = "sft"
    PREFERENCE = "preference"
    EVALUATION = "evaluation"

    @property
    def prefix(self) -> str:
        """What sets its figures apart where all series share one list of names."""
        return {Series.SFT: "sft/", Series.PREFERENCE: "", Series.EVALUATION: "eval/"}[self]

    @property
    def key(self) -> str:
        """A figure that every entry of the series has."""
        return "accuracy" if self is Series.EVALUATION else "loss"


class Entry(ApiModel):
    """The figures of one step."""

    step: int = Field(ge=0, description="Optimizer steps of the stage.")
    time: float = Field(description="When it was logged, in seconds since 1970.")
    figures: dict[str, float] = Field(description="By the names of TRL's log.")


class Entries(ApiModel):
    """Entries of a series, in the order of their steps."""

    series: Series = Field(description="Which series.")
    entries: tuple[Entry, ...] = Field(description="The entries.")


class State(StrEnum):
    """How an attempt ended."""

    FINISHED = "finished"
    FAILED = "failed"
    RESUMABLE = "resumable"


class Ending(ApiModel):
    """The end of an attempt."""

    state: State = Field(description="How it ended.")
    reason: str = Field("", description="One word, CamelCase, of an attempt that did not finish.")
    model_uri: str = Field("", description="The published model of one that did.")


class About(ApiModel):
    """What is followed, and where."""

    run_id: str = Field(description="Identity of the run, the same in every attempt.")
    name: str = Field(description="Name of the PreferenceJob.")
    parameters: dict[str, str] = Field(description="The deciding part of the spec, flat.")
    tags: dict[str, str] = Field(description="Where the run comes from.")
    tracking: Tracking = Field(description="The trackers of the spec.")


Message = Entries | Ending
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)


def merged(messages: list[Message]) -> list[Message]:
    """The same messages, with neighbouring entries of one series put together."""
    found: list[Message] = []
    for message in messages:
        match message, found[-1:]:
            case Entries(series=one), [Entries(series=other) as before] if one is other:
                found[-1] = Entries(series=one, entries=before.entries + message.entries)
            case _:
                found.append(message)
    return found


def later(entries: tuple[Entry, ...], step: int) -> tuple[Entry, ...]:
    """The entries after a step.

    A run that goes on from a checkpoint repeats what its last attempt did after it, bit for bit.
    """
    return tuple(entry for entry in entries if entry.step > step)
