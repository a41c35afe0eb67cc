"""Show the log of a PreferenceJob's newest pod; -f goes on with the pods that come after it."""

import argparse
import sys

from preference_api.wire import ExitCode
from preference_cli.cluster.api import Cluster
from preference_cli.cluster.follow import Follower, read_log
from preference_cli.cluster.job import read_job
from preference_cli.cluster.options import (
    add_cluster_arguments,
    add_name_argument,
    open_cluster,
)
from preference_cli.cluster.page import standing
from preference_cli.cluster.pods import LISTING, STAGES, Pod, choose, read_pods
from preference_cli.errors import CommandError
from preference_cli.log_lines import readable
from preference_cli.options import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("logs", help=__doc__, description=__doc__)
    add_name_argument(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "-f", "--follow", action="store_true", help="wait for pods and lines until the job ends"
    )
    which.add_argument(
        "--previous", action="store_true", help="of the pod before the newest, at the same stage"
    )
    parser.add_argument(
        "--stage", choices=(*STAGES, LISTING), help="of the pods of this stage only"
    )
    parser.add_argument("--raw", action="store_true", help="JSON lines as the trainer wrote them")
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the log on stdout, and whose it is on stderr."""
    cluster = open_cluster(arguments)
    if arguments.follow:
        Follower(
            cluster=cluster,
            name=arguments.name,
            stage=arguments.stage,
            line=lambda line: _print(line, raw=arguments.raw),
            notice=_notice,
        ).run()
        return ExitCode.DONE
    pod = _pod(cluster, arguments)
    _notice(f"log of {pod.name}")
    for _moment, line in read_log(cluster, pod, follow=False):
        _print(line, raw=arguments.raw)
    return ExitCode.DONE


def _pod(cluster: Cluster, arguments: argparse.Namespace) -> Pod:
    """The pod that is meant.

    Raises:
        CommandError: There is none, or it has no log.
    """
    job = read_job(cluster.job(arguments.name))
    pod = choose(
        read_pods(cluster.pods(job.uid), stage=arguments.stage), previous=arguments.previous
    )
    if pod is None:
        which = "earlier pod" if arguments.previous else "pod"
        at = f" at stage {arguments.stage}" if arguments.stage else ""
        raise CommandError(
            f"{job.namespace}/{job.name} has no {which}{at}; {standing(job)}",
            remedy="" if arguments.previous else "-f waits for it",
            reason="NoPod",
        )
    if not pod.started:
        raise CommandError(
            f"{pod.name} has not started: {pod.held_up or pod.phase}",
            remedy="-f waits for it; --previous shows the pod before",
            reason="NotStarted",
        )
    return pod


def _print(line: str, *, raw: bool) -> None:
    print(line if raw else readable(line), flush=True)


def _notice(text: str) -> None:
    print(f"-- {text}", file=sys.stderr, flush=True)
