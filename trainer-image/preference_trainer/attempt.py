"""One writer a run: the newest attempt holds it, and an older one finds out before it writes."""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from preference_trainer.claim import Claim, SeenClaim, read_claim
from preference_trainer.errors import StoppedEarly
from preference_trainer.holder import held_elsewhere
from preference_trainer.log import log
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import (
    Damaged,
    Location,
    Manifest,
    PreconditionFailed,
    publish_tree,
    read_manifest,
)

_TRIES = 8


@dataclass(slots=True)
class Attempt:
    """A claim on a run, fenced by conditional writes (RFC 9110, If-Match).

    A store has no fence over several objects: what is being sent while the claim is lost may still
    arrive. So it is looked at before each write that makes something complete, and while sending.
    """

    place: Location
    claim: Claim
    etag: str
    _lost: threading.Event = field(default_factory=threading.Event)

    @property
    def number(self) -> int:
        """Counts the attempts at this run from 1."""
        return self.claim.number

    def hold(self) -> None:
        """Make sure that the run is still ours; called before anything is made complete.

        Raises:
            StoppedEarly: Another attempt took the run over.

        """
        if not self._ours(read_claim(self.place)):
            self._lost.set()
        self.still_held()

    def still_held(self) -> None:
        """As `hold`, by what the last renewal found: no request is made.

        Raises:
            StoppedEarly: Another attempt took the run over.

        """
        if self._lost.is_set():
            raise StoppedEarly(
                f"another attempt took over the run at {self.place.uri}",
                remedy="Let one attempt at a time work on a run.",
                reason="Superseded",
            )

    def _ours(self, seen: SeenClaim | None) -> bool:
        return seen is not None and seen.claim.holder == self.claim.holder and seen.claim.active

    def renew(self) -> None:
        """Show that the attempt is alive; what is not ours any more stays as it is."""
        self._rewrite(Claim.renewed)

    def release(self) -> None:
        """Let whoever comes next take the run over at once."""
        self._rewrite(Claim.released)

    def _rewrite(self, change: Callable[[Claim], Claim]) -> None:
        for _try in range(_TRIES):
            wanted = change(self.claim)
            try:
                self.etag = wanted.write(self.place, if_match=self.etag)
            except PreconditionFailed:
                seen = read_claim(self.place)
                if seen is None or not self._ours(seen):
                    self._lost.set()
                    return
                # The answer to an earlier renewal was lost.
                self.claim, self.etag = seen.claim, seen.etag
            else:
                self.claim = wanted
                return

    def publish(
        self, folder: Path, location: Location, *, about: Mapping[str, JsonValue]
    ) -> Manifest:
        """Publish a tree of this run, unless an earlier attempt made it complete.

        A run is decided by its content, so that whoever came first published the same weights.
        What an attempt left incomplete is removed first.
        """
        existing = complete(location)
        self.hold()
        if existing is not None:
            return existing
        location.delete_tree()
        try:
            return publish_tree(
                folder,
                location,
                about=about,
                on_bytes=lambda _n: self.still_held(),
                before_end=self.hold,
            )
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


def claim(place: Location, *, owner: str, stop: StopRequest) -> Attempt:
    """Take the run over from whoever held it, unless another owner works on it.

    Args:
        place: Of the run.
        owner: Uid of the PreferenceJob, whose attempts take the run from each other at once.
        stop: Tells when to stop.

    Raises:
        StoppedEarly: Another owner works on it, others claim it at the same time, again and again,
            or the process was told to stop.

    """
    for _try in range(_TRIES):
        if held_elsewhere(place, owner=owner, stop=stop):
            raise _trained_elsewhere(f"another attempt works on the run at {place.uri}")
        claimed = _claim_once(place, owner)
        if claimed is not None:
            return claimed
    raise _trained_elsewhere(f"several attempts claim the run at {place.uri} at the same time")


def _trained_elsewhere(message: str) -> StoppedEarly:
    return StoppedEarly(
        message,
        remedy="Wait for its result and start the same job again: it is used, not trained anew.",
        reason="TrainedElsewhere",
    )


def _claim_once(place: Location, owner: str) -> Attempt | None:
    seen = read_claim(place)
    if seen is not None and seen.claim.held_by_other(owner):
        return None
    number = 1 if seen is None else seen.claim.number + 1
    wanted = Claim(number=number, holder=uuid.uuid4().hex, owner=owner)
    try:
        etag = wanted.write(place, if_match=None if seen is None else seen.etag)
    except PreconditionFailed:
        return None
    return Attempt(place=place, claim=wanted, etag=etag)
