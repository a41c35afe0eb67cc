"""Whether somebody else holds a run, told by nothing but the renewals of the claim."""

import time
from contextlib import suppress

from preference_trainer.claim import SeenClaim, read_claim
from preference_trainer.log import log
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location, PreconditionFailed

PATIENCE_SECONDS = 180.0
"""An attempt that renews nothing for so long is dead; two requests may time out on their way."""
LOOK_SECONDS = 2.0


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
    if first is None or not first.claim.held_by_other(owner):
        return False
    log("RunHeld", uri=place.uri, attempt=first.claim.number)
    for _look in range(round(PATIENCE_SECONDS / LOOK_SECONDS)):
        stop.check("looking whether another attempt works on the run")
        time.sleep(LOOK_SECONDS)
        seen = read_claim(place)
        if seen is None or seen.etag != first.etag:
            return seen is not None and seen.claim.held_by_other(owner)
    _close(place, first)
    seen = read_claim(place)
    return seen is not None and seen.claim.held_by_other(owner)


def _close(place: Location, dead: SeenClaim) -> None:
    """Close a claim that nobody renews, unless it changed at the last moment."""
    with suppress(PreconditionFailed):
        dead.claim.released().write(place, if_match=dead.etag)
        log("DeadAttemptClosed", level="warning", uri=place.uri, attempt=dead.claim.number)
