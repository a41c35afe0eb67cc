"""Tell where a model comes from: commit, manifest, data, base, attempts, evaluation, promotion."""

import argparse
import os
from datetime import UTC, datetime

from preference_api.lineage import BucketLineage, Unread
from preference_api.wire import ExitCode
from preference_cli.cache import cache_folder, new_run_folder, records
from preference_cli.cluster.lines import shower
from preference_cli.ending import Ending
from preference_cli.errand import run_errand
from preference_cli.lineage_facts import gather
from preference_cli.lineage_page import lineage_lines
from preference_cli.options import Subparsers
from preference_cli.target import Target, add_target_arguments, find_target
from preference_cli.view import FORMS


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("lineage", help=__doc__, description=__doc__)
    add_target_arguments(parser)
    parser.add_argument("--run", dest="of", metavar="RUN", help="the run; default: the last one")
    parser.add_argument("-o", "--output", choices=FORMS, default="auto", help="form of stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Tell what the object says, and what the bucket says where it can be read."""
    target = find_target(arguments)
    run_id = arguments.of or _last_run(target)
    ending, bucket = _ask_bucket(target, run_id, arguments.python)
    if bucket is None and target.job is None:
        return ending.exit_code
    output = target.document.spec.output.uri
    unread = [] if bucket else [Unread(uri=output, message=ending.message)]
    found = gather(target, run_id, bucket, unread)
    if arguments.output == "json":
        print(found.model_dump_json(by_alias=True, indent=2, exclude_none=True))
    else:
        shower(arguments.output)(lineage_lines(found, now=datetime.now(UTC)))
    return ExitCode.DONE


def _last_run(target: Target) -> str | None:
    """The last run, as object or records tell it; None leaves it to the bucket."""
    if target.job is None:
        known = records(cache_folder(os.environ))
        return next((one.result.run_id for one in known if one.manifest == target.manifest), None)
    status = target.job.status
    ended = [entry.run_id for entry in status.history or ()]
    return next(filter(None, [status.run.id if status.run else "", *ended]), None)


def _ask_bucket(
    target: Target, run_id: str | None, python: str
) -> tuple[Ending, BucketLineage | None]:
    """What the bucket tells, by a trainer process with the user's own credentials."""
    folder = new_run_folder(cache_folder(os.environ), target.document.name)
    path = folder / "lineage.json"
    which = ("--run", run_id) if run_id else ()
    ending = run_errand(
        *("lineage", str(path), *which),
        document=target.document,
        uri=target.document.spec.output.uri,
        folder=folder,
        python=python,
    )
    if ending.exit_code != ExitCode.DONE:
        return ending, None
    return ending, BucketLineage.model_validate_json(path.read_bytes())
