"""`python -m preference_operator`: the operator's process."""

import asyncio
import gc
import os
import sys

from preference_operator.logs import start_logging
from preference_operator.run import Exit, run
from preference_operator.settings import SettingsError, read_settings


def main() -> int:
    """Run the operator until it is told to stop; its exit code."""
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return Exit.BAD_SETTINGS
    start_logging(settings)
    # What was imported stays: looking through it would stop everything for a tenth of a second.
    gc.freeze()
    return asyncio.run(run(settings))


if __name__ == "__main__":
    sys.exit(main())
