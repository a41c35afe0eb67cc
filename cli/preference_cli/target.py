"""A job that is meant by its name in a cluster or by its manifest on this machine."""

import argparse
from dataclasses import dataclass
from typing import Any

from preference_api.wire import RunDocument
from preference_cli.cluster.job import Job, read_job
from preference_cli.cluster.job_report import job_document
from preference_cli.cluster.options import (
    add_cluster_arguments,
    job_name,
    names_job,
    open_cluster,
)
from preference_cli.options import add_python_argument, add_set_argument
from preference_cli.source import Source, change_document, load_document


@dataclass(frozen=True, slots=True)
class Target:
    """A job whose output is meant.

    Args:
        document: Says where the output lies and how it is reached.
        job: The object; None where the job is not one of a cluster.
        manifest: The manifest's absolute path, where there is no object.
    """

    document: RunDocument
    job: Job | None = None
    manifest: str = ""

    @property
    def name(self) -> str:
        """Namespace and name."""
        return f"{self.document.namespace}/{self.document.name}"


def add_target_arguments(parser: argparse.ArgumentParser) -> None:
    """Which job, and how its bucket is reached."""
    parser.add_argument(
        "target",
        metavar="NAME|FILE",
        help="name of a PreferenceJob in the cluster (pj/NAME where a file is called so), or "
        "manifest of one that runs on this machine",
    )
    parser.add_argument("--name", help="which PreferenceJob, where FILE holds several")
    add_set_argument(parser)
    add_python_argument(parser)
    add_cluster_arguments(parser)


def find_target(arguments: argparse.Namespace) -> Target:
    """The job that a call names.

    Raises:
        CommandError: There is no such job, or its manifest is at fault.
    """
    if not names_job(arguments.target, arguments):
        source = Source(arguments.target, arguments.name, tuple(arguments.overrides))
        return Target(load_document(source), manifest=source.identity)
    cluster = open_cluster(arguments)
    wire: dict[str, Any] = cluster.job(job_name(arguments.target))
    document = job_document(wire, context=cluster.context)
    if arguments.overrides:
        document = change_document(document, arguments.overrides)
    return Target(document, read_job(wire))
