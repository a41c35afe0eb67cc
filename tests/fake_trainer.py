"""A trainer that keeps the protocol of preference_api.wire and does what a test tells it.

Started as `python fake_trainer.py -m preference_trainer VERB ...`. The file that FAKE_TRAINER_PLAN
names holds the steps of each verb, `{"check": [["log", "Started"], ...]}`; the folder of that file
gets VERB.seen.json with what the process was told. Steps:

    log EVENT                a JSON line on stdout
    say TEXT                 any other line
    progress FIGURES         answered from then on, and waited for until somebody has read it
    publish NAME             create a file in the folder
    publish_parent NAME      write the parent's process id into a file in the folder
    await NAME               wait for a file in the folder
    until_stopped            wait for SIGTERM
    deaf                     ignore SIGTERM from then on
    undisturbed              SIGTERM ends the process from then on, as before it has a handler
    die NUMBER               signal to oneself
    end MESSAGE              termination message, and its exit code
    exit CODE                end without a word
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PLAN = Path(os.environ["FAKE_TRAINER_PLAN"])
PAUSE = 0.01
GRACE = 5.0


class Board(BaseHTTPRequestHandler):
    figures: dict[str, Any] | None = None
    read = threading.Event()

    def do_GET(self) -> None:
        if Board.figures is None or self.path != "/progress":
            self.send_error(404)
            return
        body = json.dumps(Board.figures).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Board.read.set()

    def log_message(self, *_: Any) -> None:
        pass


class Steps:
    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.parent = os.getppid()
        signal.signal(signal.SIGTERM, lambda *_: self.stopped.set())

    def log(self, event: str) -> None:
        print(json.dumps({"time": "0", "level": "info", "event": event}), flush=True)

    def say(self, text: str) -> None:
        print(text, flush=True)

    def progress(self, figures: dict[str, Any]) -> None:
        Board.read.clear()
        Board.figures = figures
        while not Board.read.wait(PAUSE):
            self.leave_if_orphaned()

    def publish(self, name: str) -> None:
        (PLAN.parent / name).touch()

    def publish_parent(self, name: str) -> None:
        (PLAN.parent / name).write_text(str(os.getppid()))

    def await_(self, name: str) -> None:
        while not (PLAN.parent / name).exists():
            time.sleep(PAUSE)
            self.leave_if_orphaned()

    def until_stopped(self) -> None:
        while not self.stopped.wait(PAUSE):
            self.leave_if_orphaned()

    def leave_if_orphaned(self) -> None:
        """No test leaves a process behind; one that is told to stop in time goes on."""
        if os.getppid() != self.parent and not self.stopped.wait(GRACE):
            sys.exit(99)

    def deaf(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def undisturbed(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def die(self, number: int) -> None:
        os.kill(os.getpid(), number)

    def end(self, message: dict[str, Any]) -> None:
        Path(os.environ["PREFERENCE_TERMINATION_LOG"]).write_text(json.dumps(message))
        sys.exit(message["exitCode"])

    def exit(self, code: int) -> None:
        sys.exit(code)


def main() -> None:
    module, verb, *more = sys.argv[2:]
    seen = {
        "module": module,
        "arguments": more,
        "pid": os.getpid(),
        "run": json.loads(os.environ["PREFERENCE_RUN"]),
    }
    (PLAN.parent / f"{verb}.seen.json").write_text(json.dumps(seen))
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PREFERENCE_PORT"])), Board)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    steps = Steps()
    for name, *values in json.loads(PLAN.read_text()).get(verb, []):
        getattr(steps, {"await": "await_"}.get(name, name))(*values)


if __name__ == "__main__":
    main()
