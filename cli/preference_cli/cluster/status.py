"""Show a PreferenceJob of a cluster, or all of a namespace."""

import argparse
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime

from preference_api.wire import ExitCode
from preference_cli.cluster.api import Cluster
from preference_cli.cluster.happenings import happenings
from preference_cli.cluster.job import Job, read_job
from preference_cli.cluster.lines import shower
from preference_cli.cluster.looks import Looks, looks_now, read_looks
from preference_cli.cluster.options import (
    add_cluster_arguments,
    add_name_argument,
    open_cluster,
)
from preference_cli.cluster.overview import overview
from preference_cli.cluster.page import page
from preference_cli.errors import CommandError
from preference_cli.options import Subparsers
from preference_cli.view import FORMS


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("status", help=__doc__, description=__doc__)
    add_name_argument(parser, optional=True)
    parser.add_argument(
        "-A", "--all-namespaces", action="store_true", help="those of every namespace"
    )
    parser.add_argument("-o", "--output", choices=FORMS, default="auto", help="form of stdout")
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show it."""
    if arguments.name and arguments.all_namespaces:
        raise CommandError("a name lies in one namespace", remedy="leave out the name or -A")
    cluster = open_cluster(arguments)
    if arguments.name:
        _show_one(cluster, arguments.name, arguments.output)
    else:
        _show_all(cluster, all_namespaces=arguments.all_namespaces, form=arguments.output)
    return ExitCode.DONE


def _show_one(cluster: Cluster, name: str, form: str) -> None:
    wire = cluster.job(name)
    if form == "json":
        print(json.dumps(wire, indent=2))
        return
    job = read_job(wire)
    looks = _looks(cluster, job) if looks_now(job) else Looks()
    shower(form)(page(job, now=datetime.now(UTC), looks=looks))


def _looks(cluster: Cluster, job: Job) -> Looks:
    """What Jobs and events tell; what the user may not read is left out."""
    try:
        children = cluster.child_jobs(job.uid)
    except CommandError:
        return Looks()
    with suppress(CommandError):
        return read_looks(job, children, happenings(cluster.events(), job, children))
    return read_looks(job, children, ())


def _show_all(cluster: Cluster, *, all_namespaces: bool, form: str) -> None:
    found = cluster.jobs(all_namespaces=all_namespaces)
    if form == "json":
        print(json.dumps({"apiVersion": "v1", "kind": "List", "items": found}, indent=2))
    elif found:
        jobs = [read_job(wire) for wire in found]
        shower(form)(overview(jobs, now=datetime.now(UTC), namespaces=all_namespaces))
    else:
        place = "any namespace" if all_namespaces else f"namespace {cluster.namespace}"
        print(f"there is no PreferenceJob in {place} of context {cluster.context}", file=sys.stderr)
