"""How far the process is, for whoever asks: `GET /progress`, and `GET /metrics` for Prometheus."""

import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from preference_api.v1alpha1.status import Checkpoint, Stage
from preference_api.wire import LiveProgress
from preference_trainer.log import log
from preference_trainer.metrics import CONTENT_TYPE, Metrics
from preference_trainer.metrics.series import LAST_PROGRESS


class ProgressBoard:
    """The figures of the stage that the process is in, safe to read from other threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress = LiveProgress()
        self._started = time.monotonic()
        self._first_step = 0

    def enter(self, stage: Stage, *, steps: int = 0, step: int = 0) -> None:
        """Begin a stage of so many steps (optimizer steps, rows or bytes), `step` done already."""
        with self._lock:
            self._started, self._first_step = time.monotonic(), step
            self._progress = LiveProgress(
                checkpoint=self._progress.checkpoint,
                stage=stage,
                step=step,
                steps=steps,
                percent=_percent(step, steps),
                updated_at=datetime.now(UTC),
            )

    def advance(self, count: int) -> None:
        """Count steps that were done; fewer than 0 where some have to be done again."""
        with self._lock:
            self._set(self._progress.step + count)

    def update(self, *, step: int, **figures: Any) -> None:
        """Set the step, and figures by their field names."""
        with self._lock:
            self._set(step, **figures)

    def saved(self, *, uri: str, step: int) -> None:
        """Tell of the newest complete checkpoint."""
        with self._lock:
            self._progress = self._progress.model_copy(
                update={"checkpoint": Checkpoint(uri=uri, step=step)}
            )

    def _set(self, step: int, **figures: Any) -> None:
        self._progress = self._progress.model_copy(
            update={
                "step": step,
                "percent": _percent(step, self._progress.steps),
                "seconds_left": self._seconds_left(step),
                "updated_at": datetime.now(UTC),
                **figures,
            }
        )

    def _seconds_left(self, step: int) -> float | None:
        done = step - self._first_step
        if done <= 0:
            return None
        pace = (time.monotonic() - self._started) / done
        return round(max(0.0, pace * (self._progress.steps - step)), 1)

    @property
    def progress(self) -> LiveProgress:
        """The newest figures."""
        with self._lock:
            return self._progress


def _percent(step: int, steps: int) -> float:
    return round(min(100.0, 100.0 * step / max(1, steps)), 1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    board: ProgressBoard
    metrics: Metrics

    def handle_error(self, *_args: Any) -> None:
        """A client that gave up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        match self.path:
            case "/progress":
                body = self.server.board.progress.model_dump_json(by_alias=True).encode()
                self._answer("application/json", body)
            case "/metrics":
                self._answer(CONTENT_TYPE, self._metrics())
            case _:
                self.send_error(404)

    def _metrics(self) -> bytes:
        seen = self.server.board.progress.updated_at
        if seen is not None:
            self.server.metrics.set(LAST_PROGRESS, seen.timestamp())
        return self.server.metrics.text()

    def _answer(self, content_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Keep requests out of the log."""


def serve(board: ProgressBoard, *, metrics: Metrics, host: str, port: int) -> None:
    """Answer requests in a thread that ends with the process; a taken port only silences it."""
    try:
        server = _Server((host, port), _Handler)
    except OSError as error:
        log("ProgressNotServed", level="warning", port=port, message=str(error))
        return
    server.board, server.metrics = board, metrics
    threading.Thread(target=server.serve_forever, name="progress", daemon=True).start()
