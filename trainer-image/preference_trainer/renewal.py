"""An attempt shows that it is alive for as long as it works."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from preference_api.wire import ExitCode
from preference_trainer.attempt import Attempt
from preference_trainer.errors import TrainerError
from preference_trainer.log import log

RENEW_SECONDS = 20.0
_END_SECONDS = 10.0


@contextmanager
def renewed(attempt: Attempt) -> Iterator[None]:
    """Renew a claim for the length of a block, from a thread of its own.

    It is released at the end, and after an error that no other attempt follows at once. After one
    that is tried again it stays, so that the next attempt for the same PreferenceJob has time to
    come: two owners whose attempts all fail would otherwise take turns without an end.
    """
    over = threading.Event()
    thread = threading.Thread(target=_renew, args=(attempt, over), name="renewal", daemon=True)
    thread.start()
    done = False
    try:
        yield
        done = True
    except TrainerError as error:
        done = error.exit_code is not ExitCode.STORAGE_UNAVAILABLE
        raise
    finally:
        over.set()
        # A renewal that hangs must not keep a process that was told to go.
        thread.join(_END_SECONDS)
        if done and not thread.is_alive():
            _release(attempt)


def _release(attempt: Attempt) -> None:
    with suppress(TrainerError):
        attempt.release()


def _renew(attempt: Attempt, over: threading.Event) -> None:
    while not over.wait(RENEW_SECONDS):
        try:
            attempt.renew()
        except Exception as error:
            # Whatever it was, the next renewal may go through; without one the run is lost.
            log("ClaimNotRenewed", level="warning", uri=attempt.place.uri, message=str(error))
