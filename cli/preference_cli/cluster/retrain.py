"""Train a PreferenceJob once more on purpose, though neither its spec nor its data changed."""

import argparse
import re
import sys
import unicodedata
from datetime import UTC, datetime

from preference_api.v1alpha1.placement import Concurrency
from preference_api.v1alpha1.status import Stage
from preference_api.wire import ExitCode
from preference_cli.cluster.gitops import warning
from preference_cli.cluster.job import Job, read_job
from preference_cli.cluster.options import (
    add_cluster_arguments,
    add_name_argument,
    open_cluster,
)
from preference_cli.errors import CommandError
from preference_cli.options import Subparsers

_MOST_CHARACTERS = 64
"""Of spec.retrain.nonce."""
_UNFIT = re.compile(r"[^A-Za-z0-9._]+")


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("retrain", help=__doc__, description=__doc__)
    add_name_argument(parser)
    parser.add_argument("--reason", metavar="TEXT", help="why, as a part of spec.retrain.nonce")
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Set spec.retrain.nonce, and say what follows from it."""
    nonce = new_nonce(datetime.now(UTC), reason=arguments.reason)
    cluster = open_cluster(arguments)
    job = read_job(cluster.job(arguments.name))
    wire = cluster.patch_job(arguments.name, {"spec": {"retrain": {"nonce": nonce}}})
    print(f"{job.namespace}/{job.name} asks for another run, {nonce}; {outcome(job)}")
    if told := warning(wire["metadata"], field="spec.retrain.nonce", value=nonce):
        print(told, file=sys.stderr)
    return ExitCode.DONE


def new_nonce(now: datetime, *, reason: str | None) -> str:
    """A nonce that no earlier one equals: the time, and the reason in letters that fit.

    Raises:
        CommandError: No letter of the reason fits.
    """
    time = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z"
    if reason is None:
        return time
    plain = unicodedata.normalize("NFKD", reason).encode("ascii", "ignore").decode()
    words = _UNFIT.sub("-", plain).strip("-")
    if not words:
        raise CommandError(
            f"--reason {reason!r} has nothing that a nonce may hold",
            remedy="use letters of A to Z, a to z, and digits",
        )
    return f"{time}-{words}"[:_MOST_CHARACTERS].rstrip("-")


def outcome(job: Job) -> str:
    """What follows, for a job as it was before."""
    if job.suspended:
        return "it is suspended, and begins once it is resumed"
    if job.succeeded is not None:
        return "it is checked and then trained, whatever the bucket holds"
    run = job.status.run
    if run is None or run.completion_time is not None:
        return "the run before it has not begun yet, and this one takes its place"
    if run.stage == Stage.CHECK:
        return "the check under way is stopped, and begins anew"
    if (job.spec.get("retrain") or {}).get("concurrency") == Concurrency.FORBID:
        return (
            "the training under way goes on to its end first, unless its pod has not begun yet "
            "(concurrency: Forbid)"
        )
    return "the training under way is stopped, and the new run begins (concurrency: Replace)"
