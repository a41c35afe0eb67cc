import gzip
import io
import zlib

import pytest
import zstandard

from preference_trainer.dataset import lines
from preference_trainer.dataset.lines import LongLineError, TruncatedError, read_lines

TEXT = b"".join(b"line %d\n" % number for number in range(20_000))


def read(data: bytes) -> list[bytes]:
    return list(read_lines(io.BytesIO(data)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TEXT, id="plain"),
        pytest.param(TEXT[:-1], id="no line feed at the end"),
        pytest.param(b"\xef\xbb\xbf" + TEXT, id="byte order mark"),
        pytest.param(gzip.compress(TEXT), id="gzip"),
        pytest.param(gzip.compress(TEXT[:90_000]) + gzip.compress(TEXT[90_000:]), id="two members"),
        pytest.param(gzip.compress(b"\xef\xbb\xbf" + TEXT), id="byte order mark within gzip"),
        pytest.param(zstandard.compress(TEXT), id="zstd"),
        pytest.param(zstandard.compress(TEXT[:9]) + zstandard.compress(TEXT[9:]), id="two frames"),
    ],
)
def test_the_same_lines_in_every_wrapping(data: bytes) -> None:
    assert read(data) == TEXT.splitlines()


def test_nothing_has_no_lines() -> None:
    assert read(b"") == []


@pytest.mark.parametrize("wrap", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_a_truncated_stream_is_refused(wrap: type, kept: float) -> None:
    whole = wrap(TEXT)
    with pytest.raises(TruncatedError):
        read(whole[: int(kept * len(whole))])


def test_a_changed_byte_is_refused() -> None:
    data = bytearray(gzip.compress(TEXT))
    data[-6] ^= 1  # within the checksum
    with pytest.raises(zlib.error):
        read(bytes(data))


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 100_000)
    with pytest.raises(LongLineError):
        read(b"x" * 300_000)
