"""The same request again, after a pause that grows."""

import time
from collections.abc import Callable
from typing import TypeVar

from preference_trainer.errors import TrainerError

TRIES = 5
FIRST_PAUSE_SECONDS = 0.4

_Answer = TypeVar("_Answer")


def tried(
    call: Callable[[], _Answer],
    *,
    again_on: type[TrainerError],
    on_again: Callable[[], object] = lambda: None,
) -> _Answer:
    """The answer to a call, made up to TRIES times.

    Args:
        call: Asks.
        again_on: Kind of failure after which it is asked again.
        on_again: Called before each further try.

    Raises:
        TrainerError: The last failure of the kind to try again on, or the first of another kind.
    """
    for attempt in range(TRIES - 1):
        try:
            return call()
        except again_on:
            time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
            on_again()
    return call()
