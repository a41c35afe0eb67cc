"""Every line is JSON and says which object it is about."""

import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from preference_operator.logs import JsonFormatter, about, start_logging
from preference_operator.settings import Settings


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What was logged; the process logs as before afterwards."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    written = io.StringIO()
    start_logging(Settings(), written)
    yield written
    logging.captureWarnings(False)
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line(stream: io.StringIO) -> None:
    logging.getLogger("here").info("made %s", "a Job", extra=about(("team", "job"), stage="Train"))
    (line,) = lines(stream)
    time = datetime.fromisoformat(line.pop("time"))
    assert time.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)
    assert line == {
        "level": "info",
        "logger": "here",
        "event": "made a Job",
        "namespace": "team",
        "name": "job",
        "stage": "Train",
    }


def test_times_have_milliseconds() -> None:
    record = logging.makeLogRecord({"created": 1.5})
    assert json.loads(JsonFormatter().format(record))["time"] == "1970-01-01T00:00:01.500+00:00"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"kind": "Pod", "namespace": "team", "name": "pod", "uid": "1"}, ("team", "pod")),
        ({"kind": "Node", "namespace": None, "name": "node"}, (None, "node")),
        ("garbage", (None, None)),
    ],
)
def test_objects_of_kopf(
    stream: io.StringIO, reference: object, expected: tuple[str | None, str | None]
) -> None:
    extra = {"k8s_ref": reference, "k8s_skip": True, "settings": object()}
    logging.getLogger("kopf.anything").warning("seen", extra=extra)
    (line,) = lines(stream)
    assert (line.get("namespace"), line.get("name")) == expected
    assert set(line) <= {"time", "level", "logger", "event", "namespace", "name"}


def test_other_libraries_bring_their_own_fields(stream: io.StringIO) -> None:
    logging.getLogger("aiohttp.server").error("lost", extra={"peer": object, "count": 3})
    (line,) = lines(stream)
    assert (line["logger"], line["peer"], line["count"]) == ("aiohttp.server", str(object), 3)


def test_an_exception_is_a_field(stream: io.StringIO) -> None:
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        logging.getLogger("here").exception("failed")
    (line,) = lines(stream)
    assert (line["level"], line["event"]) == ("error", "failed")
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: broken\nin two")


def test_less_important_lines_are_left_out(stream: io.StringIO) -> None:
    logging.getLogger("here").debug("detail")
    assert lines(stream) == []


def test_warnings_are_lines(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old habit", UserWarning, stacklevel=1)
    (line,) = lines(stream)
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")
    assert "old habit" in line["event"]


def test_any_text_can_be_written(stream: io.StringIO) -> None:
    logging.getLogger("here").info("half a pair", extra=about(("team", "\ud800"), note="ä\n"))
    assert stream.getvalue().isascii()
    assert lines(stream)[0]["name"] == "\ud800"


def test_the_end_of_the_process_is_a_line() -> None:
    program = (
        "from preference_operator.logs import start_logging\n"
        "from preference_operator.settings import Settings\n"
        "start_logging(Settings())\n"
        "raise ValueError('the end')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["exception"].endswith("ValueError: the end")
    assert (done.returncode, done.stderr) == (1, "")
