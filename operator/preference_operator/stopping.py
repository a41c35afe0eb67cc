"""How a process is told to stop, and how it waits for that and for something else at once."""

import asyncio
import signal
from collections.abc import Awaitable


def listen(told: asyncio.Event) -> None:
    """Have the signals by which Kubernetes and people end a process set an event.

    Whoever listened before does not hear them any more.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)


async def first(*waits: Awaitable[object]) -> None:
    """Wait for whichever comes first, and drop the rest."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
