"""Paths of this machine in a manifest, made into the file:// URIs that a trainer reads."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FIELD = "uri"


def resolve_locations(node: Any, folder: Path) -> Any:
    """The tree with every relative `uri` resolved against a folder; URIs stay as they are."""
    if isinstance(node, list):
        return [resolve_locations(entry, folder) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        key: file_uri(value, folder)
        if key == _FIELD and isinstance(value, str)
        else resolve_locations(value, folder)
        for key, value in node.items()
    }


def file_uri(text: str, folder: Path) -> str:
    """The URI of a path (`data/pairs.jsonl`, `~/data`, `file:data`); a URI comes back unchanged."""
    if not text or _ABSOLUTE.match(text):
        return text
    path = Path(text.removeprefix("file:")).expanduser()
    return (folder / path).resolve().as_uri()


def local_path(uri: str) -> Path | None:
    """The path of a file:// URI; None for every other URI."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None
