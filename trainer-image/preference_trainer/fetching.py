"""Downloading from where the document's storage settings reach, for people."""

from pathlib import Path

from preference_api.wire import RunDocument
from preference_trainer.storage import NotFound, open_location


def fetch(document: RunDocument, source: str, folder: Path) -> None:
    """Download one object, or everything below a prefix, into a folder.

    Raises:
        NotFound: There is nothing.

    """
    location = open_location(source, document.spec.storage, local=document.local)
    if location.stat() is not None:
        location.download(folder / location.name)
        return
    below = location.list()
    if not below:
        raise NotFound(f"there is nothing at {source}", remedy="Correct the URI.")
    for item in below:
        (location / item.name).download(folder / item.name)
