"""How a fault of the call itself is shown, when there is no view yet, or no use for one."""

import sys

from preference_cli import view_json
from preference_cli.errors import CommandError
from preference_cli.wording import table


def show(fault: CommandError, *, form: str) -> int:
    """Tell what is wrong, on stderr or as the JSON result; returns the exit code."""
    if form == "json":
        view_json.emit(
            "result",
            exitCode=int(fault.exit_code),
            reason=fault.reason,
            message=fault.message,
            remedy=fault.remedy,
            faults=list(fault.details),
        )
    else:
        details = (f"  {detail}" for detail in fault.details)
        remedy = table([("way out", fault.remedy)]) if fault.remedy else ()
        print("\n".join([f"{fault.reason}: {fault.message}", *details, *remedy]), file=sys.stderr)
    return int(fault.exit_code)
