"""A trainer process that reads or changes something in a bucket: it has no stages to show."""

import sys
from pathlib import Path

from preference_api.v1alpha1.status import Progress
from preference_api.wire import RunDocument
from preference_cli.cluster.job_report import reaching
from preference_cli.ending import Ending
from preference_cli.invocation import Invocation
from preference_cli.stop import StopRequest
from preference_cli.view_plain import PlainView


class _NoticesOnly(PlainView):
    def progress(self, progress: Progress) -> None:
        """Nothing."""


def run_errand(
    *arguments: str, document: RunDocument, uri: str, folder: Path, python: str
) -> Ending:
    """Run it to its end; why it failed, and how the bucket may be reached, goes to stderr.

    Args:
        arguments: The verb and what follows it.
        document: Says how the storage is reached.
        uri: What is asked for there.
        folder: For its log and its last word.
        python: The trainer's interpreter.

    Raises:
        CommandError: The interpreter cannot be started.
    """
    view = _NoticesOnly(out=sys.stderr)
    with StopRequest() as stop:
        call = Invocation(document=document, folder=folder, python=python, view=view, stop=stop)
        ending = call.start_trainer(*arguments)
    view.end(ending, None)
    if advice := reaching(uri, document, ending):
        view.notice(advice)
    return ending
