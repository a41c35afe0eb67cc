"""Find the report of a finished run, here or in a cluster; print where it is, copy or open it."""

import argparse
import os
import shutil
import webbrowser
from dataclasses import replace
from pathlib import Path

from preference_api.wire import ExitCode
from preference_cli.cache import cache_folder, new_run_folder
from preference_cli.cluster.job_report import find_job_report
from preference_cli.cluster.options import (
    add_cluster_arguments,
    job_name,
    names_job,
    open_cluster,
)
from preference_cli.ending import Ending
from preference_cli.errand import run_errand
from preference_cli.errors import CommandError
from preference_cli.find_report import REPORT_NAME, Report, find_report
from preference_cli.locations import local_path
from preference_cli.options import Subparsers, add_python_argument, add_set_argument
from preference_cli.source import change_document


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("report", help=__doc__, description=__doc__)
    parser.add_argument(
        "target",
        metavar="NAME|FILE|RUN|URI",
        help="name of a PreferenceJob in the cluster (pj/NAME where a file is called so), manifest "
        "of a run on this machine, folder of a run, or URI of a run or report",
    )
    parser.add_argument("--to", metavar="FOLDER", type=Path, help=f"put {REPORT_NAME} there")
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    parser.add_argument("--manifest", metavar="FILE", help="whose spec.storage reaches the URI")
    add_set_argument(parser)
    add_python_argument(parser)
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print where the report is, after it was copied and opened as asked."""
    root = cache_folder(os.environ)
    report = _find(arguments, root)
    if report.document and arguments.overrides:
        document = change_document(report.document, arguments.overrides)
        report = replace(report, document=document)
    path = local_path(report.uri)
    if arguments.to or (arguments.open and path is None):
        folder = arguments.to or new_run_folder(root, "reports")
        ending = _bring(report, folder, arguments.python)
        if ending.exit_code != ExitCode.DONE:
            return ending.exit_code
        path = folder / REPORT_NAME
    print(path or report.uri)
    if path and arguments.open:
        _open(path)
    return ExitCode.DONE


def _find(arguments: argparse.Namespace, root: Path) -> Report:
    if names_job(arguments.target, arguments):
        return find_job_report(open_cluster(arguments), job_name(arguments.target))
    return find_report(arguments.target, manifest=arguments.manifest, root=root)


def _bring(report: Report, folder: Path, python: str) -> Ending:
    """Put the report into a folder, by a trainer process where it lies in a bucket."""
    path = local_path(report.uri)
    if path is None:
        return _fetch(report, folder, python)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / REPORT_NAME)
    return Ending(ExitCode.DONE, "Copied")


def _fetch(report: Report, folder: Path, python: str) -> Ending:
    if report.document is None:
        raise CommandError(
            f"{report.uri} lies in a bucket, and no run of this machine tells how to reach it",
            remedy="name a manifest with the same spec.storage by --manifest FILE",
        )
    return run_errand(
        *("fetch", report.uri, str(folder.resolve())),
        document=report.document,
        uri=report.uri,
        folder=new_run_folder(cache_folder(os.environ), report.document.name),
        python=python,
    )


def _open(path: Path) -> None:
    if not webbrowser.open(path.resolve().as_uri()):
        raise CommandError(f"there is no browser here; open {path} yourself", reason="NoBrowser")
