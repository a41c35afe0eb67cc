"""Who may work on a run: one owner at a time, and of its attempts the newest."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from preference_trainer import attempt as attempts
from preference_trainer.attempt import Attempt, claim, held_elsewhere, renewed
from preference_trainer.claim import read_claim
from preference_trainer.errors import StoppedEarly, StorageUnavailable
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Damaged, Location

HERE, THERE = "uid-here", "uid-there"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("RENEW", 0.05), ("LOOK", 0.02), ("PATIENCE", 5.0)):
        monkeypatch.setattr(attempts, f"{name}_SECONDS", seconds)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PATIENCE_SECONDS", 0.3)


def claimed(place: Location, owner: str = HERE) -> Attempt:
    return claim(place, owner=owner, stop=StopRequest())


def held_for(place: Location, owner: str) -> bool:
    return held_elsewhere(place, owner=owner, stop=StopRequest())


@pytest.fixture
def alive(place: Location) -> Iterator[Attempt]:
    """An attempt of the other owner that works on the run."""
    with ExitStack() as stack:
        attempt = claimed(place, THERE)
        stack.enter_context(renewed(attempt))
        yield attempt


FREE: dict[str, Callable[[Location], object]] = {
    "nobody worked on it": lambda place: None,
    "its owner did, and was killed": claimed,
    "another owner did, and ended": lambda place: claimed(place, THERE).release(),
}


@pytest.mark.parametrize("before", FREE.values(), ids=FREE)
def test_a_free_run_is_claimed_at_once(
    place: Location, monkeypatch: pytest.MonkeyPatch, before: Callable[[Location], object]
) -> None:
    before(place)
    monkeypatch.setattr(attempts, "PATIENCE_SECONDS", 3600.0)
    claimed(place).hold()


def test_a_run_that_another_owner_works_on_is_left_to_it(place: Location, alive: Attempt) -> None:
    with pytest.raises(StoppedEarly, match="another attempt works on the run") as caught:
        claimed(place)
    assert caught.value.reason == "TrainedElsewhere"
    assert held_for(place, HERE)
    assert not held_for(place, THERE)
    alive.hold()


@pytest.mark.usefixtures("impatient")
def test_a_dead_attempt_is_closed_and_cannot_come_back(place: Location) -> None:
    frozen = claimed(place, THERE)
    attempt = claimed(place)
    assert attempt.number == 2
    frozen.renew()
    with pytest.raises(StoppedEarly, match="another attempt took over"):
        frozen.hold()
    attempt.hold()


@pytest.mark.usefixtures("impatient")
def test_one_that_was_found_dead_cannot_go_on_even_where_nobody_took_over(place: Location) -> None:
    frozen = claimed(place, THERE)
    assert not held_for(place, HERE)
    frozen.renew()
    with pytest.raises(StoppedEarly):
        frozen.hold()


def test_who_is_waited_for_and_ends_leaves_the_run_free(place: Location) -> None:
    other = claimed(place, THERE)
    ends = threading.Timer(0.1, other.release)
    ends.start()
    assert claimed(place).number == 2
    ends.join()


def test_the_newest_attempt_of_an_owner_holds_the_run(place: Location) -> None:
    older, newer = claimed(place), claimed(place)
    with pytest.raises(StoppedEarly, match="another attempt took over"):
        older.hold()
    older.release()
    newer.hold()


def test_an_attempt_renews_itself_as_long_as_it_works(place: Location) -> None:
    attempt, seen = claimed(place), set()
    with renewed(attempt):
        while len(seen) < 3:
            found = read_claim(place)
            assert found is not None
            assert found.claim.active
            seen.add(found.claim.renewals)
        attempt.hold()
    ended = read_claim(place)
    assert ended is not None
    assert not ended.claim.active


def test_a_renewal_whose_answer_was_lost_is_no_loss(place: Location) -> None:
    attempt = claimed(place)
    before = attempt.etag
    attempt.renew()
    attempt.etag = before
    attempt.renew()
    attempt.hold()
    attempt.renew()
    found = read_claim(place)
    assert found is not None
    assert found.claim.renewals == 2


def test_storage_that_falters_ends_no_renewals(
    place: Location, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attempt, asked = claimed(place), threading.Event()

    def falter() -> None:
        if asked.is_set():
            return
        asked.set()
        raise StorageUnavailable("the storage does not answer", remedy="Wait.")

    renew = attempt._rewrite
    monkeypatch.setattr(Attempt, "_rewrite", lambda self, wanted: (falter(), renew(wanted)))
    with renewed(attempt):
        asked.wait(5)
        while attempt.claim.renewals == 0:
            attempt.hold()
    assert "ClaimNotRenewed" in capsys.readouterr().out


def test_who_is_told_to_stop_looks_no_longer(place: Location) -> None:
    claimed(place, THERE)
    stop = StopRequest()
    stop._event.set()
    with pytest.raises(StoppedEarly, match="told to stop while looking"):
        claim(place, owner=HERE, stop=stop)


@pytest.mark.parametrize("content", [b"[]", b"{}", b"nothing", b'{"number": 0, "holder": "x"}'])
def test_a_claim_that_cannot_be_read_names_the_object(place: Location, content: bytes) -> None:
    (place / "attempt.json").write(content)
    with pytest.raises(Damaged, match=r"/attempt\.json does not say"):
        claimed(place)
