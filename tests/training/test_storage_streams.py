"""Streams over ranges that are fetched ahead."""

import threading
from typing import BinaryIO

import pytest

from preference_trainer.errors import StorageRefused
from preference_trainer.storage.errors import Interrupted
from preference_trainer.storage.retries import TRIES
from preference_trainer.storage.streams import Ranges, open_ranges

DATA = bytes(range(256)) * 40


class Source:
    """Bytes that are fetched by range; some fetches go wrong first."""

    def __init__(self, data: bytes = DATA) -> None:
        self.data = data
        self.failures = 0
        self.short = 0
        self.fetched: list[int] = []
        self.lock = threading.Lock()

    def fetch(self, start: int, end: int) -> bytes:
        with self.lock:
            self.fetched.append(start)
            if self.failures:
                self.failures -= 1
                raise Interrupted("broke off", remedy="try again")
            if self.short:
                self.short -= 1
                return self.data[start : end - 1]
        return self.data[start:end]

    def open(self, size: int = 1000, ahead: int = 3) -> BinaryIO:
        ranges = Ranges(size=size, ahead=ahead)
        return open_ranges(self.fetch, size=len(self.data), ranges=ranges, uri="s3://b/x")


@pytest.mark.parametrize("size", [1, 999, 1000, 5120, 10_240, 99_999])
@pytest.mark.parametrize("ahead", [1, 3])
def test_ranges_join_to_the_whole(size: int, ahead: int) -> None:
    with Source().open(size, ahead) as body:
        assert body.read() == DATA


def test_nothing_is_a_stream_too() -> None:
    source = Source(b"")
    with source.open() as body:
        assert body.read() == b""
    assert source.fetched == []


def test_reading_in_bits() -> None:
    with Source().open() as body:
        assert b"".join(iter(lambda: body.read(333), b"")) == DATA


def test_no_more_than_the_ranges_ahead_are_fetched() -> None:
    source = Source()
    with source.open(size=1000, ahead=3) as body:
        assert body.read(1) == DATA[:1]
        assert set(source.fetched) <= {0, 1000, 2000, 3000}
    assert len(source.fetched) <= 4


@pytest.mark.parametrize("fault", ["failures", "short"])
def test_a_range_that_breaks_off_is_fetched_again(fault: str, no_waiting: None) -> None:
    source = Source()
    setattr(source, fault, TRIES - 1)
    with source.open(size=len(DATA)) as body:
        assert body.read() == DATA
    assert len(source.fetched) == TRIES


@pytest.mark.parametrize("fault", ["failures", "short"])
def test_a_range_that_stays_broken_is_an_error(fault: str, no_waiting: None) -> None:
    source = Source()
    setattr(source, fault, 10_000)
    with source.open(size=len(DATA)) as body, pytest.raises(Interrupted):
        body.read()
    assert len(source.fetched) == TRIES


def test_an_error_is_never_taken_for_the_end(no_waiting: None) -> None:
    source = Source()
    source.failures = 10_000
    with source.open() as body:
        for _ in range(3):
            with pytest.raises(Interrupted):
                body.read()


def test_a_refusal_is_not_repeated() -> None:
    source = Source()

    def refuse(start: int, end: int) -> bytes:
        source.fetched.append(start)
        raise StorageRefused("no", remedy="ask")

    body = open_ranges(refuse, size=1, ranges=Ranges(size=1, ahead=1), uri="x")
    with body, pytest.raises(StorageRefused):
        body.read()
    assert source.fetched == [0]
