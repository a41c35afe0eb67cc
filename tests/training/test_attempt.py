"""Who may work on a run: one owner at a time, and of its attempts the newest."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from awaiting import until
from preference_trainer import attempt, holder
from preference_trainer.attempt import Attempt, claim
from preference_trainer.claim import read_claim
from preference_trainer.errors import Diverged, StoppedEarly, StorageUnavailable
from preference_trainer.holder import held_elsewhere
from preference_trainer.renewal import renewed
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Damaged, FileRecord, Location, read_manifest

pytestmark = pytest.mark.usefixtures("quick_claims")

HERE, THERE = "uid-here", "uid-there"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder, "PATIENCE_SECONDS", 0.3)


def claimed(place: Location, owner: str = HERE) -> Attempt:
    return claim(place, owner=owner, stop=StopRequest())


def held_for(place: Location, owner: str) -> bool:
    return held_elsewhere(place, owner=owner, stop=StopRequest())


@pytest.fixture
def alive(place: Location) -> Iterator[Attempt]:
    """An attempt of the other owner that works on the run."""
    other = claimed(place, THERE)
    with renewed(other):
        yield other


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
    monkeypatch.setattr(holder, "PATIENCE_SECONDS", 3600.0)
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
    ours = claimed(place)
    assert ours.number == 2
    frozen.renew()
    with pytest.raises(StoppedEarly, match="another attempt took over"):
        frozen.hold()
    ours.hold()


@pytest.mark.usefixtures("impatient")
def test_who_claims_while_it_is_looked_keeps_the_run(
    place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either claimed."""
    others: list[Attempt] = []

    def look(where: Location, *, owner: str, stop: StopRequest) -> bool:
        if others or owner == THERE:
            return held_elsewhere(where, owner=owner, stop=stop)
        others.append(claimed(where, THERE))
        stack.enter_context(renewed(others[0]))
        return False

    monkeypatch.setattr(attempt, "held_elsewhere", look)
    with ExitStack() as stack:
        with pytest.raises(StoppedEarly, match="another attempt works on the run"):
            claimed(place)
        others[0].hold()
        assert others[0].number == 1


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
    ours, seen = claimed(place), set()
    with renewed(ours):
        while len(seen) < 3:
            found = read_claim(place)
            assert found is not None
            assert found.claim.active
            seen.add(found.claim.renewals)
        ours.hold()
    ended = read_claim(place)
    assert ended is not None
    assert not ended.claim.active


def test_a_change_whose_answer_was_lost_is_no_loss(place: Location) -> None:
    ours = claimed(place)
    for expected in (2, 3):
        before = ours.etag
        ours.renew()
        ours.etag = before
        ours.renew()
        ours.hold()
        found = read_claim(place)
        assert found is not None
        assert found.claim.renewals == 2 * (expected - 1)
    before = ours.etag
    ours.renew()
    ours.etag = before
    ours.release()
    assert not held_for(place, THERE)


@pytest.mark.parametrize(
    "error", [StorageUnavailable("no answer", remedy="Wait."), ValueError("nobody expected it")]
)
def test_what_goes_wrong_with_a_renewal_ends_no_renewals(
    place: Location,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
) -> None:
    ours, faults, renew = claimed(place), iter([error]), Attempt.renew

    def falter(self: Attempt) -> None:
        for fault in faults:
            raise fault
        renew(self)

    monkeypatch.setattr(Attempt, "renew", falter)
    with renewed(ours):
        until(lambda: ours.claim.renewals > 0)
        ours.hold()
    assert "ClaimNotRenewed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("end", "free"),
    [
        (None, True),
        (StoppedEarly("told to stop", remedy="Start again."), True),
        (Diverged("the loss is not finite", remedy="Lower the rate."), True),
        (StorageUnavailable("no answer", remedy="Wait."), False),
        (MemoryError(), False),
    ],
)
def test_what_is_tried_again_keeps_its_run_for_the_next_attempt(
    place: Location, end: Exception | None, free: bool
) -> None:
    """Two owners whose attempts all fail would otherwise take turns for ever."""
    with suppress(Exception), renewed(claimed(place)):
        if end is not None:
            raise end
    found = read_claim(place)
    assert found is not None
    assert found.claim.active is not free


def test_who_lost_the_run_sends_no_more_and_leaves_no_tree(place: Location, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"1" * 1000)
    lost = claimed(place)
    lost.still_held()
    claimed(place)
    lost.renew()
    for act in (lost.still_held, lost.hold, partial(publish, lost, tmp_path)):
        with pytest.raises(StoppedEarly, match="another attempt took over"):
            act()
    assert read_manifest(place / "model") is None


def publish(ours: Attempt, folder: Path) -> None:
    ours.publish(folder, ours.place / "model", about={})


@pytest.mark.parametrize("noticed", [True, False], ids=["while it sends", "before the manifest"])
def test_lost_amid_a_publication_it_is_never_complete(
    place: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noticed: bool
) -> None:
    (tmp_path / "weights").write_bytes(b"1" * 1000)
    ours, upload = claimed(place), Location.upload

    def lose_it(where: Location, path: Path, **options: Any) -> FileRecord:
        claimed(place)
        if noticed:
            ours.renew()
        return upload(where, path, **options)

    monkeypatch.setattr(Location, "upload", lose_it)
    with pytest.raises(StoppedEarly, match="another attempt took over"):
        publish(ours, tmp_path)
    assert read_manifest(place / "model") is None


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
