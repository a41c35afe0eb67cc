"""One call of the command line that starts trainer processes, and what all of them share."""

from dataclasses import dataclass
from pathlib import Path

from preference_api.wire import RunDocument
from preference_cli.child import Child, Order, read_termination
from preference_cli.ending import Ending, Exit, conclude
from preference_cli.log_lines import LogReader, last_lines
from preference_cli.stop import StopRequest
from preference_cli.view import View
from preference_cli.wording import stopping

_LOOK_SECONDS = 0.25
_TAIL_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a call works with.

    Args:
        document: What the trainer is told.
        folder: Logs, termination messages and the record of this call.
        python: The trainer's interpreter.
        view: What the user sees.
        stop: Whether the user wants it to stop.
        verbose: True where the user wants the trainer's log.
    """

    document: RunDocument
    folder: Path
    python: str
    view: View
    stop: StopRequest
    verbose: bool = False

    def start_trainer(self, *arguments: str, document: RunDocument | None = None) -> Ending:
        """Run a trainer process to its end, showing it and passing a wish to stop on to it.

        Raises:
            CommandError: The interpreter cannot be started.
        """
        order = Order(self.python, arguments, document or self.document, self.folder)
        with Child(order) as child:
            code = self._attend(child)
        return conclude(
            Exit(
                order.verb,
                code,
                said=read_termination(order.termination),
                log=order.log,
                tail=last_lines(order.log, _TAIL_LINES),
                asked=self.stop.asked,
                killed=self.stop.at_once,
            )
        )

    def _attend(self, child: Child) -> int:
        told = False
        with LogReader(child.order.log) as log:
            while (code := child.wait(_LOOK_SECONDS)) is None:
                self._show(child, log)
                if self.stop.at_once:
                    child.kill()
                elif self.stop.asked and not told:
                    told = True
                    child.ask_to_stop()
                    self.view.notice(stopping(child.order.verb))
            self._show_log(log)
        return code

    def _show(self, child: Child, log: LogReader) -> None:
        self._show_log(log)
        if (progress := child.progress()) is not None:
            self.view.progress(progress)

    def _show_log(self, log: LogReader) -> None:
        for line in log.new_lines() if self.verbose else ():
            self.view.log(line)
