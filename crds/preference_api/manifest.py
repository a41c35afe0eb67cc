"""From the text of a manifest to a PreferenceJob, or to everything that is wrong with it."""

from collections.abc import Sequence
from typing import Any

from preference_api.fault import Fault
from preference_api.faults import as_applied, find_faults
from preference_api.kube_yaml import NotYaml, load_documents
from preference_api.schema_faults import read_strictly
from preference_api.v1alpha1 import KIND, PreferenceJob


class ManifestError(ValueError):
    """The manifest is no sound PreferenceJob.

    Args:
        faults: Everything that is wrong with it, at least one.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


def parse(text: str, *, local: bool = False) -> PreferenceJob:
    """The one PreferenceJob of a YAML or JSON text; other kinds may stand beside it.

    Args:
        text: The manifest.
        local: True where the run happens on this machine: `file://` and paths are locations too.

    Raises:
        ManifestError: The text is not YAML, holds none or several, or breaks rules of the kind.
    """
    return from_document(_only_job(load_manifest(text)), local=local)


def load_manifest(text: str) -> list[Any]:
    """The documents of a text, of whatever kind, read as kubectl reads them.

    Raises:
        ManifestError: The text is not YAML, or empty.
    """
    try:
        documents = load_documents(text)
    except NotYaml as error:
        raise ManifestError([Fault((), f"this is not YAML: {error}")]) from error
    if not documents:
        raise ManifestError([Fault((), "it is empty", f"write a {KIND}")])
    return documents


def from_document(document: Any, *, local: bool = False) -> PreferenceJob:
    """The PreferenceJob that JSON values describe.

    Raises:
        ManifestError: The document breaks rules of the kind; it names every fault.
    """
    faults = find_faults(document, local=local)
    if faults:
        raise ManifestError(faults)
    return read_strictly(as_applied(document))


def _only_job(documents: list[Any]) -> Any:
    if len(documents) == 1:
        return documents[0]
    jobs = [document for document in documents if _kind(document) == KIND]
    if len(jobs) == 1:
        return jobs[0]
    held = ", ".join(f"{_kind(document)} {_name(document)}" for document in documents)
    message = f"it holds {len(jobs)} documents of kind {KIND}: {held}"
    raise ManifestError([Fault((), message, "give one at a time")])


def _kind(document: Any) -> str:
    return str(document.get("kind", "nothing")) if isinstance(document, dict) else "text"


def _name(document: Any) -> str:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    return str(metadata.get("name", "?")) if isinstance(metadata, dict) else "?"
