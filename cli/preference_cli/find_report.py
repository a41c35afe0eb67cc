"""Which report is meant: by the manifest of a run on this machine, by folder or by URI."""

from dataclasses import dataclass
from pathlib import Path

from preference_api.wire import RunDocument
from preference_cli.cache import read_record, records
from preference_cli.errors import CommandError
from preference_cli.locations import local_path
from preference_cli.source import Source, load_document

REPORT_NAME = "report.html"


@dataclass(frozen=True, slots=True)
class Report:
    """A report and, where it is known, the document whose storage settings reach it."""

    uri: str
    document: RunDocument | None = None


def find_report(target: str, *, manifest: str | None, root: Path) -> Report:
    """The report that a target names.

    Args:
        target: Manifest of a run on this machine, folder of a run, or URI of a run or report.
        manifest: Manifest whose storage settings reach a URI.
        root: Folder of the records.

    Raises:
        CommandError: There is no such run, or its report has gone.
    """
    if "://" in target:
        report = _of_uri(target, manifest, root)
    elif Path(target).is_dir():
        report = _of_folder(Path(target))
    else:
        report = _of_manifest(target, root)
    path = local_path(report.uri)
    if path and not path.is_file():
        raise CommandError(f"there is no report at {path}", reason="NoReport")
    return report


def _of_uri(target: str, manifest: str | None, root: Path) -> Report:
    uri = target if target.endswith(".html") else f"{target.rstrip('/')}/{REPORT_NAME}"
    if manifest:
        return Report(uri, load_document(Source(manifest)))
    known = (record.document for record in records(root) if record.result.report_uri == uri)
    return Report(uri, next(known, None))


def _of_folder(folder: Path) -> Report:
    """A run's folder in the cache or in a local output."""
    record = read_record(folder)
    if record:
        return Report(record.result.report_uri, record.document)
    return Report((folder / REPORT_NAME).resolve().as_uri())


def _of_manifest(target: str, root: Path) -> Report:
    identity = Source(target).identity
    for record in records(root):
        if record.manifest == identity:
            return Report(record.result.report_uri, record.document)
    raise CommandError(
        f"no run of {target} has finished on this machine",
        remedy=f"preference run {target}; of a run in a cluster, name the PreferenceJob",
        reason="NoReport",
    )
