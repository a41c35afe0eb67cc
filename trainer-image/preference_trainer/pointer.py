"""Which run is the current model of a job: one object, `current.json`, and who may move it.

It is moved by a conditional write (RFC 9110, If-Match), so that of several who move it at once each
sees the one before, and every move stays in the history.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise, takewhile
from typing import Any, TypeVar

from preference_api.wire import RunDocument
from preference_trainer.errors import StorageUnavailable
from preference_trainer.log import log
from preference_trainer.metrics import Metrics
from preference_trainer.storage import (
    Location,
    NotFound,
    PreconditionFailed,
    open_location,
)

_TRIES = 5
_REMEMBERED = 100
_OF_A_MOVE = ("runId", "promotedAt", "reason", "by")

ROLLED_BACK = "RolledBack"

Said = dict[str, Any]
"""What the pointer says: `runId`, `modelURI`, `promotedAt`, `reason`, `by` and `history`."""
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A run that is to be the current model.

    reason: Promoted, or RolledBack.
    by: Who wanted it; empty where the gate decided.
    """

    run_id: str
    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Pointer:
    """`jobs/<namespace>/<name>/current.json` below an output."""

    output: Location
    place: Location

    @classmethod
    def of(cls, document: RunDocument, *, metrics: Metrics | None = None) -> "Pointer":
        """The pointer of the job that a document is about.

        Requests to storage are counted in the metrics, where there are any.
        """
        spec = document.spec
        output = open_location(spec.output.uri, spec.storage, local=document.local, metrics=metrics)
        return cls(output, output / f"jobs/{document.namespace}/{document.name}/current.json")

    def run(self, run_id: str) -> Location:
        """The place of a run of the same output."""
        return self.output / f"runs/{run_id}"

    def read(self) -> Said | None:
        """What the pointer says; None where there is no current model yet."""
        try:
            said: Said = json.loads(self.place.read_newest())
        except NotFound:
            return None
        return said

    def move(self, choose: Callable[[Said | None], tuple[Outcome, Move | None]]) -> Outcome:
        """Choose a run in view of what the pointer says, and point to it.

        Where somebody else moves the pointer in between, it is chosen anew. Nothing is written for
        the run that the pointer names already.

        Raises:
            StorageUnavailable: Others move the pointer again and again.

        """
        for _try in range(_TRIES):
            seen = self.place.stat()
            said = self.read() if seen else None
            outcome, move = choose(said)
            if move is None or (said and said["runId"] == move.run_id):
                return outcome
            if self._write(_body(self, said, move), etag=seen.etag if seen else None):
                log(move.reason, uri=self.place.uri, runId=move.run_id)
                return outcome
        raise StorageUnavailable(
            f"{self.place.uri} is moved by others again and again",
            remedy="Give the same command again, or start the job again; its model is published.",
        )

    def _write(self, data: bytes, *, etag: str | None) -> bool:
        try:
            self.place.write(data, if_absent=etag is None, if_match=etag)
        except PreconditionFailed:
            return False
        return True


def rolled_back_from(said: Said | None) -> frozenset[str]:
    """The runs that a person moved the pointer away from, with no promotion since.

    A run that a person went back to is not among them, whatever was done to it before.
    """
    if said is None:
        return frozenset()
    moves = [said, *said.get("history", [])]
    back = takewhile(lambda move: move[0].get("reason") == ROLLED_BACK, pairwise(moves))
    return frozenset(left["runId"] for _, left in back) - {said["runId"]}


def _body(pointer: Pointer, said: Said | None, move: Move) -> bytes:
    before = [{key: said[key] for key in _OF_A_MOVE if key in said}] if said else []
    body = {
        "runId": move.run_id,
        "modelURI": (pointer.run(move.run_id) / "model").uri,
        "promotedAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "reason": move.reason,
        **({"by": move.by} if move.by else {}),
        "history": [*before, *(said or {}).get("history", [])][:_REMEMBERED],
    }
    return json.dumps(body, indent=1).encode()
