"""Follow a PreferenceJob of a cluster to its end."""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

from preference_api.wire import ExitCode
from preference_cli.cluster.api import Cluster
from preference_cli.cluster.job import Job, read_job
from preference_cli.cluster.options import (
    add_cluster_arguments,
    add_name_argument,
    open_cluster,
)
from preference_cli.cluster.refusals import Unavailable
from preference_cli.cluster.watch_view import choose_watch_view
from preference_cli.options import Subparsers

FAILED = 1
"""Exit code where the training failed."""
_RETRY_SECONDS = 2.0
_FORMS = ("auto", "plain")


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    codes = f"The exit code is 0 where it succeeded and {FAILED} where it failed."
    parser = subparsers.add_parser("watch", help=__doc__, description=f"{__doc__} {codes}")
    add_name_argument(parser)
    parser.add_argument("-o", "--output", choices=_FORMS, default="auto", help="form of stdout")
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show every change until the end."""
    cluster = open_cluster(arguments)
    first = cluster.job(arguments.name)
    with choose_watch_view(arguments.output) as view:
        changes = versions(cluster, first, notice=view.notice)
        while (job := next(changes)).succeeded is None:
            view.show(job)
        view.end(job)
    return ExitCode.DONE if job.succeeded else FAILED


def versions(
    cluster: Cluster, first: dict[str, Any], *, notice: Callable[[str], None]
) -> Iterator[Job]:
    """The job as it is, and then each time that it changes, however often the watch is cut.

    Raises:
        Missing: It was deleted.
    """
    job = first
    while True:
        yield read_job(job)
        try:
            yield from map(read_job, cluster.changes(job))
        except Unavailable as fault:
            notice(f"{fault.message}; trying again")
            time.sleep(_RETRY_SECONDS)
        job = _read_patiently(cluster, job["metadata"]["name"])


def _read_patiently(cluster: Cluster, name: str) -> dict[str, Any]:
    while True:
        try:
            return cluster.job(name)
        except Unavailable:
            time.sleep(_RETRY_SECONDS)
