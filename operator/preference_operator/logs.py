"""What the operator tells: one JSON object a line on standard output."""

import json
import logging
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from preference_operator.objects import Key
from preference_operator.settings import Settings

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What kopf gives its own lines on the way: the object, its settings and a mark for its events.
_KOPF = frozenset({"k8s_ref", "k8s_skip", "settings"})
_FIELDS = "fields"


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON: time, level, logger, event, object, further fields, exception.

    The object is what `about` names, or what kopf put into `k8s_ref`. Whatever else was handed to
    the logging call as `extra` follows under its own name.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line, in ASCII: whatever an object holds, the line can be written."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": time,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_object(record),
            **_further(record),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def about(key: Key, **fields: object) -> dict[str, object]:
    """The `extra` of a logging call about one object."""
    namespace, name = key
    return {"k8s_ref": {"namespace": namespace, "name": name}, _FIELDS: fields}


def start_logging(settings: Settings, stream: TextIO = sys.stdout) -> None:
    """Send everything to one stream: this package, kopf, aiohttp, warnings, the last exception."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    # At its information level kopf tells of every single event that it handled.
    logging.getLogger("kopf").setLevel(
        logging.DEBUG if settings.log_level == "debug" else logging.WARNING
    )
    # Streams that are cut off when the process stops are told by name, thousands at a time.
    logging.getLogger("kopf._core.reactor.queueing").setLevel(logging.ERROR)
    # Each single attempt at a watch is told as an error; that it failed is told once, elsewhere.
    logging.getLogger("kopf._cogs.clients.watching").setLevel(logging.CRITICAL)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    logging.getLogger(__name__).critical("uncaught exception", exc_info=(kind, error, trace))


def _object(record: logging.LogRecord) -> dict[str, object]:
    reference = getattr(record, "k8s_ref", None)
    if not isinstance(reference, dict):
        return {}
    return {key: reference[key] for key in ("namespace", "name") if reference.get(key)}


def _further(record: logging.LogRecord) -> dict[str, object]:
    values = vars(record)
    known = _STANDARD | _KOPF | {_FIELDS}
    extra = {key: value for key, value in values.items() if key not in known}
    return extra | dict(values.get(_FIELDS, {}))
