"""A tracker's own process, as the training sees it: told what happens, and never waited for.

A library that sends figures over the network has retries, threads, hooks at the end of the process
and loggers of its own. In another process, with no more in its environment than it needs, they can
neither hold the training up nor write into its log, and they end when they are told to.
"""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from preference_trainer.log import log
from preference_trainer.tracking.messages import About, Ending, Message

LAST_SECONDS = 10.0
"""So long the end of an attempt waits for its trackers."""

CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "mlflow": ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"),
    "wandb": ("WANDB_API_KEY",),
}
"""Variables that a tracker's process gets of those that lead to its server."""

_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "mlflow": {
        "DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "false",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
        # A token goes to the server that the spec names, and not to where that one points.
        "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",
    },
    "wandb": {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true", "WANDB_CONSOLE": "off"},
}
_KEPT = (
    *("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
)


class Follower:
    """The process of one tracker.

    Args:
        tracker: Its name.
        process: Reads messages from its standard input, a line each.
        folder: What it writes to; removed at the end.

    """

    def __init__(self, tracker: str, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._tracker, self._process, self._folder = tracker, process, folder
        # As long as the log of a stage at most, which has an entry for every few steps.
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._feed, daemon=True).start()

    def tell(self, message: Message | About) -> None:
        """Pass a message on, at once; a process that has ended takes none."""
        self._lines.put(message.model_dump_json(by_alias=True).encode() + b"\n")

    def end(self, ending: Ending | None) -> None:
        """Pass the last message on; None where there is nothing to say."""
        if ending is not None:
            self.tell(ending)
        self._lines.put(None)

    def wait(self, seconds: float) -> None:
        """Wait until all is sent, for so long at most; then the process is ended."""
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            log(
                "TrackingCutShort",
                level="warning",
                tracker=self._tracker,
                message=f"{self._tracker} did not take everything in {LAST_SECONDS:g} s; "
                "the bucket holds it all",
            )
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        # A library's own helper may outlive it for a moment, and still write.
        shutil.rmtree(self._folder, ignore_errors=True)

    def _feed(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError), self._process.stdin as pipe:
            for line in iter(self._lines.get, None):
                pipe.write(line)
                pipe.flush()


def followers(about: About) -> list[Follower]:
    """Start the processes of the trackers that the spec names."""
    wanted = {"mlflow": about.tracking.mlflow, "wandb": about.tracking.wandb}
    started = [_started(name) for name, settings in wanted.items() if settings]
    found = [follower for follower in started if follower is not None]
    for follower in found:
        follower.tell(about)
    return found


def _started(tracker: str) -> Follower | None:
    try:
        folder = Path(mkdtemp(prefix=f"preference-{tracker}-"))
        process = subprocess.Popen(
            [sys.executable, "-m", "preference_trainer.tracking.worker", tracker],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment(tracker, os.environ, folder=folder),
            process_group=0,
        )
    except OSError as error:
        log("TrackingOff", level="warning", tracker=tracker, message=f"no process: {error}")
        return None
    return Follower(tracker, process, folder)


def environment(tracker: str, given: Mapping[str, str], *, folder: Path) -> dict[str, str]:
    """The whole environment of a tracker's process, which writes into a folder of its own."""
    kept = {name: given[name] for name in _KEPT if name in given}
    # A key that was piped into a Secret often has a line's end, which no header may carry.
    keys = {name: given[name].strip() for name in CREDENTIALS[tracker] if given.get(name)}
    homes = dict.fromkeys(("HOME", "TMPDIR", "WANDB_DIR", "WANDB_CACHE_DIR"), str(folder))
    homes |= dict.fromkeys(("WANDB_CONFIG_DIR", "WANDB_DATA_DIR"), str(folder))
    return {**kept, **keys, **_SETTINGS[tracker], **homes}
