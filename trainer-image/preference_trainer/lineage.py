"""What a bucket tells about a job's models, read for people: nothing is written there."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from preference_api.lineage import BucketLineage, Promotion, RunRecord, Unread
from preference_api.v1alpha1.status import Checkpoint
from preference_api.wire import RunDocument, TrainSummary
from preference_trainer.checkpoints import StageName
from preference_trainer.claim import CLAIM_NAME, read_claim
from preference_trainer.errors import StorageRefused
from preference_trainer.pointer import Pointer, Said
from preference_trainer.storage import Damaged, Location, NotFound
from preference_trainer.storage.parallel import in_parallel

_MOST_EARLIER = 10
"""Runs that were current before are read so far back."""
_CHECKPOINT = re.compile(r"checkpoints/(?P<stage>[a-z]+)-step-(?P<step>[0-9]+)/manifest\.json")
_OF_A_MOVE = {field.alias or name for name, field in Promotion.model_fields.items()}

Read = TypeVar("Read")


def write_lineage(document: RunDocument, run_id: str | None, path: Path) -> None:
    """Write what the output of a job says, as JSON of a BucketLineage, into a local file.

    What the storage refuses beside the pointer, or what is damaged, is named there, and the rest is
    told all the same.

    Args:
        document: Says which job, where its output lies and how it is reached.
        run_id: The run that is asked for; the current one where None.
        path: The file.

    Raises:
        StorageRefused: The pointer may not be read, or there is no such bucket.
        StorageUnavailable: The storage does not answer.

    """
    pointer = Pointer.of(document)
    # Whoever may not look at it may not read anything else there.
    pointer.place.stat()
    found = _Reader().lineage(pointer, run_id)
    path.write_text(found.model_dump_json(by_alias=True, indent=1))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads on where something cannot be read, and remembers what."""

    unread: list[Unread] = field(default_factory=list)

    def lineage(self, pointer: Pointer, run_id: str | None) -> BucketLineage:
        promotions = self._object(pointer.place, _promotions) or []
        current, history = (promotions[0], promotions[1:]) if promotions else (None, [])
        asked = run_id or (current and current.run_id)
        others = dict.fromkeys(each.run_id for each in promotions if each.run_id != asked)
        places = [pointer.run(run) for run in list(others)[:_MOST_EARLIER]]
        return BucketLineage(
            pointer=pointer.place.uri,
            current=current,
            history=history,
            run=self._run(pointer.run(asked)) if asked else None,
            earlier=in_parallel(self._brief, places),
            unread=self.unread,
        )

    def _run(self, place: Location) -> RunRecord:
        """All that the bucket holds of a run."""
        names = [item.name for item in self._read(place, place.list) or ()]
        kept = {
            "attempts": self._read(place / CLAIM_NAME, lambda: _attempts(place)),
            "checkpoints": _checkpoints(place, names),
        }
        return self._brief(place).model_copy(update=kept)

    def _brief(self, place: Location) -> RunRecord:
        """What a run was told, and how it ended."""
        return RunRecord(
            run_id=place.name,
            document=self._object(place / "run.json", RunDocument.model_validate_json),
            result=self._object(place / "result.json", TrainSummary.model_validate_json),
        )

    def _object(self, place: Location, parse: Callable[[bytes], Read]) -> Read | None:
        """An object's content; None where there is no object, or it cannot be read."""
        return self._read(place, lambda: parse(place.read()))

    def _read(self, place: Location, read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except (StorageRefused, Damaged) as error:
            if isinstance(error, NotFound) and error.reason == NotFound.default_reason:
                return None
            self.unread.append(Unread(uri=place.uri, message=error.message))
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            self.unread.append(Unread(uri=place.uri, message=f"{where}: {fault['msg']}"))
        except (ValueError, KeyError, TypeError) as error:
            self.unread.append(Unread(uri=place.uri, message=f"is not what is expected: {error}"))
        return None


def _promotions(content: bytes) -> list[Promotion]:
    """The current model, and those before it."""
    said: Said = json.loads(content)
    moves = [said, *said.get("history", ())]
    return [
        Promotion.model_validate({key: move[key] for key in move if key in _OF_A_MOVE})
        for move in moves
    ]


def _attempts(place: Location) -> int | None:
    seen = read_claim(place)
    return seen.claim.number if seen else None


def _checkpoints(place: Location, names: list[str]) -> list[Checkpoint]:
    """Complete checkpoints in the order in which they were made."""
    found = [match for name in names if (match := _CHECKPOINT.fullmatch(name))]
    order = [stage.value for stage in StageName]
    found.sort(key=lambda match: (order.index(match["stage"]), int(match["step"])))
    return [
        Checkpoint(
            uri=(place / match[0].removesuffix("/manifest.json")).uri, step=int(match["step"])
        )
        for match in found
    ]
