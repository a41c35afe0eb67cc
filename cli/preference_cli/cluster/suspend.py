"""`suspend` and `resume`: whether a PreferenceJob may have pods."""

import argparse
import sys
from functools import partial

from preference_api.wire import ExitCode
from preference_cli.cluster.gitops import warning
from preference_cli.cluster.job import Job, read_job
from preference_cli.cluster.options import (
    add_cluster_arguments,
    add_name_argument,
    open_cluster,
)
from preference_cli.cluster.page import standing
from preference_cli.options import Subparsers

_SUSPEND = "Stop a PreferenceJob's pods after a checkpoint, until it is resumed."
_RESUME = "Let a suspended PreferenceJob go on from its last checkpoint."


def add_parser(subparsers: Subparsers) -> None:
    """Describe both commands."""
    for name, text, suspend in (("suspend", _SUSPEND, True), ("resume", _RESUME, False)):
        parser = subparsers.add_parser(name, help=text, description=text)
        add_name_argument(parser)
        add_cluster_arguments(parser)
        parser.set_defaults(run=partial(run, suspend=suspend))


def run(arguments: argparse.Namespace, *, suspend: bool) -> int:
    """Set spec.suspend, and say what follows from it."""
    cluster = open_cluster(arguments)
    wire = cluster.job(arguments.name)
    job = read_job(wire)
    if job.suspended != suspend:
        wire = cluster.patch_job(arguments.name, {"spec": {"suspend": suspend}})
    print(outcome(job, suspend=suspend))
    value = str(suspend).lower()
    if told := warning(wire["metadata"], field="spec.suspend", value=value):
        print(told, file=sys.stderr)
    return ExitCode.DONE


def outcome(job: Job, *, suspend: bool) -> str:
    """What follows, for a job as it was before.

    Args:
        job: The job.
        suspend: What was asked for.
    """
    name = f"{job.namespace}/{job.name}"
    if job.suspended == suspend:
        done = "is suspended already" if suspend else "is not suspended"
        return f"{name} {done}; {standing(job)}"
    if suspend:
        return f"{name} is suspended; {_stop(job)}"
    return f"{name} is resumed; {_start(job)}"


def _stop(job: Job) -> str:
    if job.succeeded is not None:
        return "it has ended, and will not train again until it is resumed"
    return "what trains saves a checkpoint and gives its devices back"


def _start(job: Job) -> str:
    checkpoint = job.status.checkpoint
    if job.succeeded is not None:
        return "it has ended, and trains again when its spec changes"
    if checkpoint is None:
        return "it starts from the beginning: there is no checkpoint yet"
    step = f" of step {checkpoint.step}" if checkpoint.step is not None else ""
    return f"it goes on from the checkpoint{step} at {checkpoint.uri}"
