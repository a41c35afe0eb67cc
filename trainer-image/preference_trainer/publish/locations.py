"""Locations as they may be shown: a local path tells a reader nothing and the world too much."""

SHARED_SCHEMES = ("s3", "hf", "pvc")


def shown(uri: str) -> str:
    """The location, or the last part of its path where it is a file of one machine."""
    scheme, mark, _ = uri.partition("://")
    return uri if mark and scheme in SHARED_SCHEMES else last_part(uri)


def last_part(uri: str) -> str:
    """The last part of a location's path; a model or dataset of the Hub with its organisation."""
    hub = hub_name(uri)
    if hub is not None:
        return hub
    return uri.rstrip("/").replace("\\", "/").rpartition("/")[2]


def hub_name(uri: str) -> str | None:
    """The name on the Hub (org/name), without kind and revision; None for other locations."""
    if not uri.startswith("hf://"):
        return None
    path = uri.removeprefix("hf://").removeprefix("datasets/")
    return "/".join(path.split("/")[:2]).partition("@")[0]
