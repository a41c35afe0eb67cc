"""One writer a run: the newest attempt holds it, and an older one finds out before it writes."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from preference_trainer.errors import StoppedEarly
from preference_trainer.log import log
from preference_trainer.storage import (
    Damaged,
    Location,
    Manifest,
    PreconditionFailed,
    publish_tree,
    read_manifest,
)

_TRIES = 8


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claim on a run, fenced by conditional writes (RFC 9110, If-Match).

    number: Counts the attempts at this run from 1.
    """

    place: Location
    etag: str
    number: int

    def hold(self) -> None:
        """Make sure that the run is still ours; called before anything is made complete.

        Raises:
            StoppedEarly: Another attempt took the run over.

        """
        seen = (self.place / "attempt.json").stat()
        if seen is None or seen.etag != self.etag:
            raise StoppedEarly(
                f"another attempt took over the run at {self.place.uri}",
                remedy="Let one attempt at a time work on a run.",
                reason="Superseded",
            )

    def publish(
        self, folder: Path, location: Location, *, about: Mapping[str, JsonValue]
    ) -> Manifest:
        """Publish a tree of this run, unless an earlier attempt made it complete.

        A run is decided by its content, so that whoever came first published the same weights.
        What an attempt left incomplete is removed first.
        """
        self.hold()
        existing = complete(location)
        if existing is not None:
            return existing
        location.delete_tree()
        try:
            return publish_tree(folder, location, about=about)
        except PreconditionFailed:
            self.hold()
            raise


def complete(location: Location) -> Manifest | None:
    """The manifest of a tree; None where there is none, or none that can be read."""
    try:
        return read_manifest(location)
    except Damaged as damage:
        log("ManifestDamaged", level="warning", uri=location.uri, message=str(damage))
        return None


def claim(place: Location) -> Attempt:
    """Take the run over from whoever held it.

    Raises:
        StoppedEarly: Others claim it at the same time, again and again.

    """
    for _try in range(_TRIES):
        claimed = _claim_once(place)
        if claimed is not None:
            return claimed
    raise StoppedEarly(
        f"several attempts claim the run at {place.uri} at the same time",
        remedy="Let one attempt at a time work on a run.",
        reason="Superseded",
    )


def _claim_once(place: Location) -> Attempt | None:
    location = place / "attempt.json"
    seen = location.stat()
    number = 1 if seen is None else json.loads(location.read())["number"] + 1
    body = json.dumps({"number": number, "holder": uuid.uuid4().hex}).encode()
    try:
        etag = location.write(
            body, if_absent=seen is None, if_match=None if seen is None else seen.etag
        )
    except PreconditionFailed:
        return None
    return Attempt(place=place, etag=etag, number=number)
