"""What a trainer process tells: JSON lines on standard output."""

import json
import sys
from datetime import UTC, datetime
from typing import Any


def log(event: str, *, level: str = "info", **fields: Any) -> None:
    """Print one line; `event` is CamelCase, fields are JSON values."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"time": now, "level": level, "event": event, **fields}
    sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
