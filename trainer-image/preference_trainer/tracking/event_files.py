"""TensorBoard's event files in the bucket: each step once, and nothing but what is saved.

A file is written at every checkpoint, after it, under a name of its own. What an attempt trained
after its last checkpoint is in no file, since the next attempt trains it again; what an attempt
could not write any more is in the log of the checkpoint, and written by the next.
"""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tensorboardX.proto.event_pb2 import Event  # type: ignore[import-untyped]
from tensorboardX.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from tensorboardX.record_writer import RecordWriter  # type: ignore[import-untyped]
from tensorboardX.summary import scalar, text  # type: ignore[import-untyped]

from preference_trainer.attempt import Attempt
from preference_trainer.log import log
from preference_trainer.storage import Location
from preference_trainer.tracking.messages import Entry, Series, later

_FORMAT = "brain.Event:2"
_NAME = "events.out.tfevents"


@dataclass(slots=True, kw_only=True)
class EventFiles:
    """The event files of one run, in a folder for each series.

    Args:
        attempt: Who writes; fenced as every write to a run is.
        text: What the run is, in Markdown; leads the first file of a series.
    """

    attempt: Attempt
    text: str
    _waiting: dict[Series, tuple[Entry, ...]] = field(default_factory=dict)

    def add(self, series: Series, entries: tuple[Entry, ...]) -> None:
        """Take entries that follow those that were taken before."""
        self._waiting[series] = self._waiting.get(series, ()) + entries

    def close(self, series: Series, step: int) -> None:
        """Write what was taken up to a step, but for what the bucket has already.

        What cannot be written now waits for the next time: a training never fails by this.
        """
        try:
            self._write(series, step)
            self._waiting[series] = later(self._waiting.get(series, ()), step)
        except Exception as error:
            log("EventFileNotWritten", level="warning", series=series, message=str(error))

    def _write(self, series: Series, step: int) -> None:
        place = self.attempt.place / f"tensorboard/{series.value}"
        written = last_step(place)
        entries = later(self._waiting.get(series, ()), -1 if written is None else written)
        entries = tuple(entry for entry in entries if entry.step <= step)
        if not entries:
            return
        self.attempt.hold()
        content = encoded(series, entries, heading=self.text if written is None else None)
        (place / f"{_NAME}.{step:08d}.{self.attempt.number}").write(content)


def last_step(place: Location) -> int | None:
    """The last step that the files of a series hold; None where there is none."""
    names = [item.name for item in place.list() if item.name.startswith(_NAME)]
    return max((int(name.removeprefix(f"{_NAME}.").split(".")[0]) for name in names), default=None)


def encoded(series: Series, entries: tuple[Entry, ...], *, heading: str | None) -> bytes:
    """The content of an event file (tensorboard/compat/proto/event.proto).

    Args:
        series: Which series.
        entries: At least one entry.
        heading: Text that comes before them, in Markdown.

    """
    start = entries[0]
    events = [Event(wall_time=start.time, file_version=_FORMAT)]
    if heading is not None:
        events.append(Event(wall_time=start.time, step=start.step, summary=text("run", heading)))
    events.extend(_event(series, entry) for entry in entries)
    with TemporaryDirectory() as folder:
        path = Path(folder) / _NAME
        writer = RecordWriter(str(path))
        for event in events:
            writer.write(event.SerializeToString())
        writer.close()
        return path.read_bytes()


def _event(series: Series, entry: Entry) -> Any:
    prefix = series.prefix if series is Series.EVALUATION else ""
    summary = Summary()
    for name, value in entry.figures.items():
        summary.MergeFrom(scalar(f"{prefix}{name}", value))
    return Event(wall_time=entry.time, step=entry.step, summary=summary)
