"""Lines of a byte stream that may be compressed, without holding more than one of them."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import zstandard

CHUNK = 64 * 1024
LONGEST_LINE = 64 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
_EVERY_WRAPPER = zlib.MAX_WBITS | 16


class TruncatedError(ValueError):
    """The compressed stream ends before its end mark."""


class LongLineError(ValueError):
    """A line is longer than any row could sensibly be."""


DAMAGE = (TruncatedError, LongLineError, zlib.error, zstandard.ZstdError)
"""What `read_lines` raises where the stream is no whole file of lines."""


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a stream without their line feed; gzip and Zstandard are told by their first bytes.

    Raises:
        TruncatedError: The compressed stream ends too early.
        LongLineError: A line is longer than LONGEST_LINE.
        zlib.error, zstandard.ZstdError: The compressed stream is damaged.
    """
    return _split(_without_mark(_decompressed(_chunks(stream))))


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def _decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    whole = _prepended(first, chunks)
    if first.startswith(_GZIP):
        return _inflate(whole, lambda: zlib.decompressobj(_EVERY_WRAPPER))
    if first.startswith(_ZSTD):
        return _inflate(whole, lambda: zstandard.ZstdDecompressor().decompressobj())
    return whole


def _inflate(chunks: Iterable[bytes], start: Callable[[], Any]) -> Iterator[bytes]:
    """Decompress one or several members that follow each other.

    zstandard's own stream reader takes a truncated frame for the end of the file, so that the end
    mark is looked at here.
    """
    decoder = start()
    for chunk in chunks:
        left = chunk
        while left:
            if decoder.eof:
                decoder = start()
            yield decoder.decompress(left)
            left = decoder.unused_data if decoder.eof else b""
    if not decoder.eof:
        raise TruncatedError("the compressed file ends too early")


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    return _prepended(next(chunks, b"").removeprefix(_BOM), chunks)


def _prepended(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for chunk in chunks:
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            yield bytes(held) + line
            held.clear()
        held += rest
        if len(held) > LONGEST_LINE:
            raise LongLineError("longer than 64 MiB")
    if held:
        yield bytes(held)
