import pytest

from diagnose_cases import COMPLAINTS
from pod_states import failed_create
from preference_operator.diagnose import Reason, complaint

QUOTA = 'pods "tone-0-aaaaa" is forbidden: exceeded quota: small'


@pytest.mark.parametrize(("reason", "note"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_reason(reason: Reason, note: str) -> None:
    found = complaint([failed_create(note)])
    assert found is not None
    assert found.reason == reason
    assert found.message.startswith("Job tone-1a2b3c-train gets no pod: ")
    assert found.remedy


@pytest.mark.parametrize(
    "events",
    [
        [],
        [failed_create(QUOTA, type="Normal")],
        [failed_create(QUOTA, reason="BackoffLimitExceeded")],
    ],
    ids=["none", "normal", "another reason"],
)
def test_nothing_to_tell(events: list[object]) -> None:
    assert complaint(events) is None


def test_message_stays_the_same_between_two_tries() -> None:
    notes = [QUOTA, QUOTA.replace("aaaaa", "bbbbb")]
    told = [complaint([failed_create(note)]) for note in notes]
    assert told[0] == told[1]
    assert told[0] is not None
    assert told[0].message.endswith(": exceeded quota: small")


@pytest.mark.parametrize(
    "times",
    [
        {"deprecatedLastTimestamp": "2026-01-31T10:00:07Z"},
        {"deprecatedLastTimestamp": None, "eventTime": "2026-01-31T10:00:07.000001Z"},
        {
            "deprecatedLastTimestamp": None,
            "eventTime": "2026-01-31T09:00:00.000000Z",
            "series": {"count": 3, "lastObservedTime": "2026-01-31T10:00:07.000000Z"},
        },
    ],
    ids=["old form", "event", "series"],
)
def test_newest_counts(times: dict[str, object]) -> None:
    older = [failed_create("an old story", time=f"2026-01-31T10:00:0{n}Z") for n in (1, 6, 3)]
    found = complaint([*older[:2], failed_create(QUOTA, **times), older[2]])
    assert found is not None
    assert found.reason == Reason.QUOTA_EXCEEDED


def test_quota_that_asks_for_a_limit() -> None:
    note = 'pods "tone-0-aaaaa" is forbidden: failed quota: small: must specify limits.cpu'
    found = complaint([failed_create(note)])
    assert found is not None
    assert found.remedy.startswith("Set what is missing in spec.resources")
