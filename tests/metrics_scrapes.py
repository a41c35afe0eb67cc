"""What a trainer answers at `GET /metrics`, read over HTTP as Prometheus reads it."""

import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import exposition
import s3_servers
from exposition import Series
from preference_trainer.metrics import Metrics
from preference_trainer.progress import ProgressBoard, serve

PREFIX = "preference_train_"
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer: its text, and each sample's value by its name and labels."""

    text: str
    values: Mapping[Series, float]

    @classmethod
    def of(cls, text: str) -> "Scrape":
        return cls(text, exposition.series(text))

    def value(self, name: str, **labels: str) -> float | None:
        """The value of a series by its name without the prefix; None where it is absent."""
        wanted = frozenset({"preferencejob": "job", **labels}.items())
        return self.values.get((PREFIX + name, wanted))

    def by_label(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The values of all series of a name, by the values of some labels."""
        return {
            tuple(dict(found)[label] for label in labels): value
            for (known, found), value in self.values.items()
            if known == PREFIX + name
        }


def read(port: int) -> Scrape:
    """Ask once."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return Scrape.of(answer.read().decode())


@dataclass(slots=True)
class Watched:
    """The metrics and board of a process that this test plays, and what was read of them."""

    metrics: Metrics
    board: ProgressBoard
    scrapes: list[Scrape] = field(default_factory=list)


@contextmanager
def watching(board: ProgressBoard) -> Iterator[Watched]:
    """Serve metrics named `job` and read them all the time; the last time after the block."""
    watched, over = Watched(Metrics(job="job"), board), threading.Event()
    port = s3_servers.free_port()
    serve(board, metrics=watched.metrics, host="127.0.0.1", port=port)

    def scrape() -> None:
        while not over.wait(_PAUSE):
            watched.scrapes.append(read(port))

    reader = threading.Thread(target=scrape)
    reader.start()
    try:
        yield watched
    finally:
        over.set()
        reader.join()
        watched.scrapes.append(read(port))
