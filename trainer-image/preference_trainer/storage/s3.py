"""Objects in S3 and in what speaks its protocol (boto3, s3transfer)."""

import base64
import re
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from s3transfer.exceptions import CancelledError
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from preference_api.v1alpha1.storage import Storage
from preference_trainer.errors import ConfigurationError
from preference_trainer.metrics import Metrics
from preference_trainer.storage.errors import (
    Damaged,
    NotFound,
    PreconditionFailed,
    Replaced,
    disk_errors,
    object_missing,
    written_before,
)
from preference_trainer.storage.location import Content, Location
from preference_trainer.storage.parallel import THREADS
from preference_trainer.storage.records import FileRecord, ObjectInfo, OnBytes
from preference_trainer.storage.s3_client import open_client
from preference_trainer.storage.s3_errors import body_errors, s3_errors
from preference_trainer.storage.streams import Ranges, open_ranges
from preference_trainer.storage.traffic import Traffic

PART_BYTES = 16 << 20
"""Files from this size on go up in parts of it; s3transfer grows the parts beyond 10,000."""
RANGES = Ranges(size=8 << 20, ahead=4)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def open_s3(rest: str, storage: Storage, *, metrics: Metrics | None = None) -> Location:
    """The location of bucket/key; nothing is sent yet.

    Raises:
        ConfigurationError: The bucket's name is none.
        StorageRefused: The profile that the environment names does not exist.
    """
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise ConfigurationError(
            f"{bucket!r} in s3://{rest} is no name of a bucket", remedy="Use s3://bucket/prefix."
        )
    with s3_errors(f"s3://{rest}"):
        client = open_client(storage, connections=THREADS * (RANGES.ahead + 1))
    traffic = Traffic(metrics or Metrics(job=""))
    traffic.watch(client)
    transfers = TransferManager(
        client,
        TransferConfig(
            multipart_threshold=PART_BYTES,
            multipart_chunksize=PART_BYTES,
            max_request_concurrency=THREADS,
        ),
    )
    store = S3Store(bucket, client, transfers, storage.checksums == "WhenSupported", traffic)
    return Location(store, key.strip("/"))


@dataclass(frozen=True, slots=True, eq=False)
class S3Store:
    """A bucket."""

    bucket: str
    client: Any
    transfers: TransferManager
    checksums: bool
    traffic: Traffic

    def uri(self, key: str) -> str:
        """The URI of a key."""
        return f"s3://{self.bucket}/{key}" if key else f"s3://{self.bucket}"

    def stat(self, key: str) -> ObjectInfo | None:
        """The object at a key, None where there is none."""
        if not key:
            return None
        try:
            with s3_errors(self.uri(key)):
                answer = self._head(key)
        except NotFound as missing:
            if missing.reason == NotFound.default_reason:
                return None
            raise
        return ObjectInfo(key.rpartition("/")[2], answer["ContentLength"], _etag(answer))

    def _head(self, key: str) -> Any:
        try:
            return self.client.head_object(Bucket=self.bucket, Key=key)
        except self.client.exceptions.ClientError:
            # A refused HEAD has no body, and so no word on why: no bucket, no key or no right.
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
            answer["Body"].close()
            return answer

    def list(self, key: str) -> Iterator[ObjectInfo]:
        """The objects below a key; the empty ones that stand for folders are left out."""
        prefix = f"{key}/" if key else ""
        pages = self.client.get_paginator("list_objects_v2")
        with s3_errors(self.uri(key)):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", ()):
                    if not item["Key"].endswith("/"):
                        name = item["Key"].removeprefix(prefix)
                        yield ObjectInfo(name, item["Size"], _etag(item))

    def open(self, key: str) -> Content:
        """Opens an object, pinned to its etag."""
        found = self.stat(key)
        if found is None:
            raise object_missing(self.uri(key))
        fetch = partial(self._range, key, found)
        body = open_ranges(
            fetch,
            size=found.size,
            ranges=RANGES,
            uri=self.uri(key),
            on_again=self.traffic.repeats,
        )
        return Content(body, found.size)

    def _range(self, key: str, found: ObjectInfo, start: int, end: int) -> bytes:
        # A request without a range is answered with a checksum over what it sends.
        part = {} if end - start == found.size else {"Range": f"bytes={start}-{end - 1}"}
        try:
            with s3_errors(self.uri(key)):
                answer = self.client.get_object(
                    Bucket=self.bucket, Key=key, IfMatch=f'"{found.etag}"', **part
                )
        except PreconditionFailed as changed:
            raise _changed(self.uri(key)) from changed
        # closing, since as a context botocore's body is the bare one, which checks nothing.
        with body_errors(self.uri(key)), closing(answer["Body"]) as body:
            data: bytes = body.read()
            self.traffic.received(len(data))
            return data

    def write(self, key: str, data: bytes, *, if_absent: bool, if_match: str | None) -> str:
        """Writes an object whole, under the given conditions (RFC 9110, section 13.1)."""
        conditions = {"IfNoneMatch": "*"} if if_absent else {}
        if if_match is not None:
            conditions["IfMatch"] = f'"{if_match}"'
        try:
            with s3_errors(self.uri(key)):
                return _etag(
                    self.client.put_object(Bucket=self.bucket, Key=key, Body=data, **conditions)
                )
        except NotFound as missing:
            if if_match is None or missing.reason != NotFound.default_reason:
                raise
            raise written_before(self.uri(key)) from missing

    def upload(self, key: str, path: Path, *, record: FileRecord, on_bytes: OnBytes | None) -> None:
        """Sends a file, in parallel parts where it is large, and looks at what arrived."""
        progress = _Progress(on_bytes)
        extra = {"ChecksumSHA256": _base64(record.sha256)} if self._whole(record) else None
        with disk_errors(self.uri(key), path.parent), s3_errors(self.uri(key)):
            sent = self.transfers.upload(str(path), self.bucket, key, extra, [progress])
            with suppress(CancelledError):
                sent.result()
        if progress.error is not None:
            raise progress.error
        self._arrived(key, record)

    def _whole(self, record: FileRecord) -> bool:
        # S3 has no SHA-256 over a whole object that came in parts.
        return self.checksums and record.size < PART_BYTES

    def _arrived(self, key: str, record: FileRecord) -> None:
        found = self.stat(key)
        if found is None or found.size != record.size:
            size = "nothing" if found is None else f"{found.size:,} bytes"
            raise Damaged(
                f"{self.uri(key)}: {size} arrived of {record.size:,} bytes", remedy="Try again."
            )

    def delete(self, key: str) -> None:
        """Deletes an object; success where there is none."""
        with s3_errors(self.uri(key)):
            self.client.delete_object(Bucket=self.bucket, Key=key)


class _Progress(BaseSubscriber):  # type: ignore[misc]
    """Passes bytes on, and ends the transfer with what the receiver raises.

    botocore would take an error from within a request for a broken connection and send it again.
    """

    def __init__(self, on_bytes: OnBytes | None) -> None:
        self.error: BaseException | None = None
        self._on_bytes = on_bytes

    def on_progress(self, future: Any, bytes_transferred: int, **_: Any) -> None:
        if self._on_bytes is None or self.error is not None:
            return
        try:
            self._on_bytes(bytes_transferred)
        except BaseException as error:
            self.error = error
            future.cancel()


def _changed(uri: str) -> Replaced:
    return Replaced(
        f"{uri} was replaced while it was read",
        remedy="Write under another name what jobs are reading, and try again.",
    )


def _etag(answer: Any) -> str:
    etag: str = answer["ETag"]
    return etag.strip('"')


def _base64(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()
