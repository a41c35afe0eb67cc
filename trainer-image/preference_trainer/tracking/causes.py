"""Why a tracker cannot be used, in words of our own: a library's may hold a credential."""

import re
from collections.abc import Iterator

from preference_api.installing import from_checkout

_STATUS = re.compile(r"\b(?:error|code|HTTP|status)\s+(\d{3})\b|\b(\d{3}) error responses")
_SILENT = re.compile(r"time[d -]*out|deadline", re.IGNORECASE)
_ABSENT = re.compile(r"refused|resolve|unreachable|no such host|reset|connection", re.IGNORECASE)


def cause(error: BaseException) -> str:
    """What went wrong and the way out."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed: {from_checkout('tracking')}"
    text = " ".join(_told(one) for one in _chain(error))
    status = _STATUS.search(text)
    if status is not None:
        return _answered(int(status[1] or status[2]))
    if _SILENT.search(text):
        return "the server does not answer in time; look at it and at the way to it"
    if _ABSENT.search(text):
        return "the server cannot be reached; look at its URL and the network policies"
    return f"the library gave up with {type(error).__name__}"


def _answered(status: int) -> str:
    if status in (401, 403):
        return f"the server answered {status}; look at spec.tracking.credentialsSecret"
    return f"the server answered {status}"


def _told(error: BaseException) -> str:
    status = getattr(error, "get_http_status_code", None)
    # Of MLflow's errors this one alone is an answer of the server.
    answered = status and type(error).__name__ == "RestException"
    return f"status {status()}" if status and answered else f"{type(error).__name__} {error}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
