"""How many processors a container may keep busy.

torch starts a thread for every processor of the machine. Where a limit lets a pod use few of many
for a time, its threads mostly wait for each other.
"""

import math
import os
from collections.abc import MutableMapping
from pathlib import Path

CONTROL_GROUP = Path("/sys/fs/cgroup")
"""Where a container sees its own control group."""
_VARIABLE = "OMP_NUM_THREADS"


def limit_threads(environment: MutableMapping[str, str], *, group: Path = CONTROL_GROUP) -> None:
    """Have torch start as many threads as the limit allows; to be called before its import."""
    limit = processor_limit(group)
    if limit is not None and limit < (os.cpu_count() or 1):
        environment.setdefault(_VARIABLE, str(limit))


def processor_limit(group: Path = CONTROL_GROUP) -> int | None:
    """The limit of a control group, of version 2 or 1, in whole processors; None where none is set.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    """
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = (
                (group / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
            )
        processors = math.ceil(int(quota) / int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return None
    return processors if processors > 0 else None
