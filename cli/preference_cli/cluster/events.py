"""Show the events of a PreferenceJob, its Jobs and its pods, oldest first."""

import argparse
import sys
from datetime import UTC, datetime

from preference_api.wire import ExitCode
from preference_cli.cluster.happenings import happening_lines, happenings
from preference_cli.cluster.job import read_job
from preference_cli.cluster.lines import shower
from preference_cli.cluster.options import (
    add_cluster_arguments,
    add_name_argument,
    open_cluster,
)
from preference_cli.options import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("events", help=__doc__, description=__doc__)
    add_name_argument(parser)
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show them."""
    cluster = open_cluster(arguments)
    job = read_job(cluster.job(arguments.name))
    children = [*cluster.child_jobs(job.uid), *cluster.pods(job.uid)]
    found = happenings(cluster.events(), job, children)
    if found:
        shower("auto")(happening_lines(found, now=datetime.now(UTC)))
    else:
        print(
            f"there are no events of {job.namespace}/{job.name}; clusters keep them for an hour",
            file=sys.stderr,
        )
    return ExitCode.DONE
