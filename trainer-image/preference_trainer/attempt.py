"""One writer a run: the newest attempt holds it, and an older one finds out before it writes."""

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from preference_trainer.claim import Claim, SeenClaim, read_claim
from preference_trainer.errors import StoppedEarly, TrainerError
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

RENEW_SECONDS = 20.0
PATIENCE_SECONDS = 90.0
"""An attempt that renews nothing for so long is dead: four renewals are missing by then."""
LOOK_SECONDS = 2.0
_TRIES = 8


@dataclass(slots=True)
class Attempt:
    """A claim on a run, fenced by conditional writes (RFC 9110, If-Match)."""

    place: Location
    claim: Claim
    etag: str

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
            raise StoppedEarly(
                f"another attempt took over the run at {self.place.uri}",
                remedy="Let one attempt at a time work on a run.",
                reason="Superseded",
            )

    def _ours(self, seen: SeenClaim | None) -> bool:
        return seen is not None and seen.claim.holder == self.claim.holder and seen.claim.active

    def renew(self) -> None:
        """Show that the attempt is alive; what is not ours any more stays as it is."""
        self._rewrite(self.claim.renewed())

    def release(self) -> None:
        """Let whoever comes next take the run over at once."""
        with suppress(TrainerError):
            self._rewrite(self.claim.released())

    def _rewrite(self, claim: Claim) -> None:
        try:
            self.etag = claim.write(self.place, if_match=self.etag)
            self.claim = claim
        except PreconditionFailed:
            # The answer to an earlier renewal may have been lost.
            seen = read_claim(self.place)
            if seen is not None and self._ours(seen):
                self.claim, self.etag = seen.claim, seen.etag

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
    number = 1 if seen is None else seen.claim.number + 1
    wanted = Claim(number=number, holder=uuid.uuid4().hex, owner=owner)
    try:
        etag = wanted.write(place, if_match=None if seen is None else seen.etag)
    except PreconditionFailed:
        return None
    return Attempt(place=place, claim=wanted, etag=etag)


def held_elsewhere(place: Location, *, owner: str, stop: StopRequest) -> bool:
    """Whether an attempt of another owner works on a run, which takes up to PATIENCE_SECONDS.

    Told by its renewals alone, so that no clocks are compared (as client-go's leader election
    watches a Lease). One that is found dead is closed, and cannot come back.

    Args:
        place: Of the run.
        owner: Who asks.
        stop: Tells when to stop.

    Raises:
        StoppedEarly: The process was told to stop.

    """
    first = read_claim(place)
    if first is None or not first.claim.active or first.claim.owner == owner:
        return False
    log("RunHeld", uri=place.uri, attempt=first.claim.number)
    for _look in range(round(PATIENCE_SECONDS / LOOK_SECONDS)):
        stop.check("looking whether another attempt works on the run")
        time.sleep(LOOK_SECONDS)
        seen = read_claim(place)
        if seen is None or seen.etag != first.etag:
            return seen is not None and seen.claim.active and seen.claim.owner != owner
    return not _closed(place, first)


def _closed(place: Location, dead: SeenClaim) -> bool:
    try:
        dead.claim.released().write(place, if_match=dead.etag)
    except PreconditionFailed:
        return False
    log("DeadAttemptClosed", level="warning", uri=place.uri, attempt=dead.claim.number)
    return True


@contextmanager
def renewed(attempt: Attempt) -> Iterator[None]:
    """Renew a claim for the length of a block, from a thread of its own, and release it then."""
    over = threading.Event()
    thread = threading.Thread(target=_renew, args=(attempt, over), name="renewal", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        attempt.release()


def _renew(attempt: Attempt, over: threading.Event) -> None:
    while not over.wait(RENEW_SECONDS):
        try:
            attempt.renew()
        except TrainerError as error:
            log("ClaimNotRenewed", level="warning", uri=attempt.place.uri, message=str(error))
