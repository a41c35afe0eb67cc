"""Repositories of the Hugging Face hub, read only and pinned to a commit (huggingface_hub)."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, TypeVar

import huggingface_hub as hf
from httpx2 import HTTPError
from huggingface_hub import constants, errors
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    build_hf_headers,
    hf_raise_for_status,
    http_backoff,
)

from preference_trainer.errors import (
    ConfigurationError,
    StorageRefused,
    StorageUnavailable,
    TrainerError,
)
from preference_trainer.storage.errors import NotFound, object_missing
from preference_trainer.storage.location import Content, Location
from preference_trainer.storage.records import FileRecord, ObjectInfo, OnBytes, is_plain
from preference_trainer.storage.retries import tried
from preference_trainer.storage.streams import Ranges, open_ranges

# No word about this machine in requests. The variable HF_HUB_DISABLE_TELEMETRY is read only when
# the library is first imported, which may have been before.
constants.HF_HUB_DISABLE_TELEMETRY = True

TIMEOUT_SECONDS = 30
RANGES = Ranges(size=32 << 20, ahead=2)
"""Every range costs a request to the hub itself, which counts them."""
_CORRECT = "Correct model.uri or dataset.uri; a private repository needs HF_TOKEN."
_URI = re.compile(
    r"(?P<datasets>datasets/)?(?P<repository>(?!datasets/)[\w.-]+/[\w.-]+)"
    r"(@(?P<revision>refs/(pr|convert)/[^/@]+|[^/@]+))?(/(?P<path>.*))?"
)
Files: TypeAlias = list[RepoFile]
_Answer = TypeVar("_Answer")


def open_hub(rest: str) -> Location:
    """The location of [datasets/]org/name[@revision][/path], at the revision's present commit.

    Raises:
        ConfigurationError: It has another form.
        NotFound: There is no such repository or revision, or it is private.
        StorageUnavailable: The hub does not answer.
    """
    match = _URI.fullmatch(rest)
    path = (match["path"] or "").strip("/") if match else ""
    if match is None or (path and not is_plain(path)):
        raise ConfigurationError(
            f"hf://{rest} names no repository",
            remedy="Use hf://org/name@revision/path or hf://datasets/org/name@revision/path.",
        )
    api = hf.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or constants.ENDPOINT)
    kind = "dataset" if match["datasets"] else "model"

    def look() -> str:
        found = api.repo_info(
            match["repository"],
            revision=match["revision"],
            repo_type=kind,
            timeout=TIMEOUT_SECONDS,
        )
        return str(found.sha)

    store = HubStore(api, match["repository"], kind, commit=_asked(f"hf://{rest}", look))
    return Location(store, path)


@dataclass(frozen=True, slots=True, eq=False)
class HubStore:
    """The files of a repository at a commit."""

    api: hf.HfApi
    repository: str
    kind: str
    commit: str

    def uri(self, key: str) -> str:
        """The URI of a key, with the commit as its revision."""
        folder = "datasets/" if self.kind == "dataset" else ""
        top = f"hf://{folder}{self.repository}@{self.commit}"
        return f"{top}/{key}" if key else top

    def stat(self, key: str) -> ObjectInfo | None:
        """The file at a key, None where there is none."""
        file = self._file(key)
        return None if file is None else _info(file, key.rpartition("/")[2])

    def _file(self, key: str) -> RepoFile | None:
        if not key:
            return None
        found = _asked(
            self.uri(key), lambda: self.api.get_paths_info(self.repository, [key], **self._pin())
        )
        return next((item for item in found if isinstance(item, RepoFile)), None)

    def _pin(self) -> dict[str, Any]:
        return {"revision": self.commit, "repo_type": self.kind}

    def list(self, key: str) -> Iterator[ObjectInfo]:
        """The files below a key."""
        prefix = f"{key}/" if key else ""
        with suppress(NotFound):
            for file in _asked(self.uri(key), lambda: self._tree(key)):
                if file.path.startswith(prefix):
                    yield _info(file, file.path.removeprefix(prefix))

    def _tree(self, key: str) -> Files:
        tree = self.api.list_repo_tree(self.repository, key or None, recursive=True, **self._pin())
        return [item for item in tree if isinstance(item, RepoFile)]

    def open(self, key: str) -> Content:
        """Opens a file; for what git-lfs holds, its SHA-256 is known."""
        file = self._file(key)
        if file is None:
            raise object_missing(self.uri(key))
        fetch = partial(self._range, key, file.size)
        body = open_ranges(fetch, size=file.size, ranges=RANGES, uri=self.uri(key))
        return Content(body, file.size, file.lfs.sha256 if file.lfs else None)

    def _range(self, key: str, size: int, start: int, end: int) -> bytes:
        url = hf.hf_hub_url(self.repository, key, endpoint=self.api.endpoint, **self._pin())
        headers = {**build_hf_headers(token=self.api.token), "Accept-Encoding": "identity"}
        if end - start < size:
            headers["Range"] = f"bytes={start}-{end - 1}"
        with _hub_errors(self.uri(key)):
            answer = http_backoff(
                "GET", url, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=True
            )
            hf_raise_for_status(answer)
            return answer.content

    def write(self, key: str, data: bytes, *, if_absent: bool, if_match: str | None) -> str:
        """Refuses."""
        self._refuse(key)

    def upload(self, key: str, path: Path, *, record: FileRecord, on_bytes: OnBytes | None) -> None:
        """Refuses."""
        self._refuse(key)

    def delete(self, key: str) -> None:
        """Refuses."""
        self._refuse(key)

    def _refuse(self, key: str) -> NoReturn:
        raise StorageRefused(
            f"{self.uri(key)} is on the hub, which is only read",
            remedy="Let output.uri name a bucket: s3://bucket/prefix.",
        )


def _info(file: RepoFile, name: str) -> ObjectInfo:
    return ObjectInfo(name, file.size, file.lfs.sha256 if file.lfs else file.blob_id)


def _asked(uri: str, question: Callable[[], _Answer]) -> _Answer:
    # The library asks once, and the hub is busy at times.
    def once() -> _Answer:
        with _hub_errors(uri):
            return question()

    return tried(once, again_on=StorageUnavailable)


@contextmanager
def _hub_errors(uri: str) -> Iterator[None]:
    try:
        yield
    except errors.EntryNotFoundError as error:
        raise object_missing(uri) from error
    except (HTTPError, errors.HFValidationError, errors.OfflineModeIsEnabled) as error:
        raise translated(error, uri) from error


def translated(error: Exception, uri: str) -> TrainerError:
    """The TrainerError for an error of huggingface_hub."""
    if isinstance(error, errors.GatedRepoError):
        return _no_right(uri, "is gated")
    if isinstance(error, errors.RepositoryNotFoundError):
        return _missing(uri, "no such repository, or a private one")
    if isinstance(error, errors.RevisionNotFoundError):
        return _missing(uri, "no such revision")
    if isinstance(error, (errors.HFValidationError, errors.OfflineModeIsEnabled)):
        return StorageRefused(
            f"{uri}: {error}", remedy="Correct model.uri or dataset.uri, and unset HF_HUB_OFFLINE."
        )
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else 0
    if status in (401, 403):
        return _no_right(uri, f"is refused ({status})")
    if 400 <= status < 500 and status not in (408, 429):
        return StorageRefused(f"{uri}: the hub refused ({status})", remedy=_CORRECT)
    return StorageUnavailable(
        f"{uri}: the hub does not answer ({status or error})",
        remedy="Try again; if it stays so, look at HF_ENDPOINT and the network between.",
    )


def _missing(uri: str, fault: str) -> NotFound:
    return NotFound(f"{uri}: {fault}", remedy=_CORRECT, reason="NoSuchRepository")


def _no_right(uri: str, fault: str) -> StorageRefused:
    return StorageRefused(
        f"{uri} {fault}",
        remedy="Accept the conditions of the repository and set HF_TOKEN to a token that may "
        "read it.",
        reason="AccessDenied",
    )
