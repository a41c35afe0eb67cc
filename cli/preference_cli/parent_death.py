"""A child process that is told to stop when its parent dies, however the parent dies."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def stop_with_parent() -> Callable[[], None] | None:
    """What the child has to call before exec; None where the system cannot do it.

    Linux sends the child SIGTERM when the parent's thread ends, SIGKILL included (prctl(2),
    PR_SET_PDEATHSIG). The trainer saves on SIGTERM, so a lost terminal loses no work.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before it could be watched
            os._exit(128 + signal.SIGTERM)

    return arrange
