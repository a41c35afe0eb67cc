"""The process of one tracker: messages in, calls of its library out, and one warning at most.

python -m preference_trainer.tracking.worker mlflow|wandb
"""

import os
import queue
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from importlib import import_module
from typing import Protocol, TextIO

from preference_trainer.log import log
from preference_trainer.tracking.causes import cause
from preference_trainer.tracking.messages import (
    MESSAGE,
    About,
    Ending,
    Entry,
    Message,
    Series,
    later,
    merged,
)

Lines = queue.SimpleQueue[Message | None]
_ORPHAN_SECONDS = 60.0


class Sink(Protocol):
    """A tracker's library. Every method raises what the library raises."""

    def begin(self, about: About) -> Mapping[Series, int]:
        """Find or make the run; the last step of each series that it has already."""

    def write(self, series: Series, entries: tuple[Entry, ...]) -> None:
        """Send entries."""

    def end(self, ending: Ending) -> None:
        """Say how the attempt ended."""


def main(tracker: str) -> int:
    """Follow one attempt; 1 where the tracker could not be used to the end."""
    out = _silence()
    about = About.model_validate_json(sys.stdin.readline())
    lines: Lines = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    try:
        # The library is imported here, and nowhere else.
        sink: Sink = import_module(f"preference_trainer.tracking.{tracker}_sink").make()
        follow(sink, about, batches(lines))
    except (Exception, SystemExit) as error:
        with redirect_stdout(out):
            message = f"{cause(error)}; the training goes on, and the bucket has its figures"
            log("TrackingOff", level="warning", tracker=tracker, message=message)
        return 1
    return 0


def follow(sink: Sink, about: About, messages: Iterator[Message]) -> None:
    """Send every step once, whatever was sent by earlier attempts."""
    sent = dict(sink.begin(about))
    for message in messages:
        if isinstance(message, Ending):
            sink.end(message)
            continue
        new = later(message.entries, sent.get(message.series, -1))
        if new:
            sink.write(message.series, new)
            sent[message.series] = new[-1].step


def batches(lines: Lines) -> Iterator[Message]:
    """Messages as they come, with those put together that had to wait."""
    while True:
        waiting = [lines.get()]
        while not lines.empty():
            waiting.append(lines.get())
        yield from merged([message for message in waiting if message is not None])
        if None in waiting:
            return


def _read(lines: Lines) -> None:
    for line in sys.stdin:
        lines.put(MESSAGE.validate_json(line))
    lines.put(None)
    # Nobody may be left to end this process: whoever started it may have been killed.
    time.sleep(_ORPHAN_SECONDS)
    os._exit(1)


def _silence() -> TextIO:
    """Send what libraries print nowhere; what they print may hold what nobody should read."""
    out = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    return out


if __name__ == "__main__":
    code = main(sys.argv[1])
    # Libraries wait at the end of a process for servers that do not answer.
    os._exit(code)
