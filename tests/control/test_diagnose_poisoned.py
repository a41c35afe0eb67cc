"""No object, however broken, makes diagnosing raise or gives a text that no status can hold."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose_cases import COMPLAINTS, ENDED, WAITING
from pod_states import failed_create, failed_job
from preference_operator.diagnose import Diagnosis, complaint, ended, job_failed, waiting

TEXTS = st.text(st.characters(exclude_categories=()), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = [
    *(body for _verdict, _reason, body in ENDED.values()),
    *(body for _reason, body in WAITING.values()),
    *(failed_create(note) for _reason, note in COMPLAINTS.values()),
    *(failed_job(reason) for reason in ("PodFailurePolicy", "FailedIndexes", "DeadlineExceeded")),
]


def _paths(value: Any) -> list[tuple[Any, ...]]:
    """The paths to every part of a JSON value, that to itself included."""
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    inner = parts if isinstance(parts, dict) else {}
    return [(), *((key, *path) for key, part in inner.items() for path in _paths(part))]


def _replaced(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    if not path:
        return part
    changed = copy.copy(value)
    changed[path[0]] = _replaced(value[path[0]], path[1:], part)
    return changed


@st.composite
def poisoned(draw: st.DrawFn) -> Any:
    """An object with arbitrary JSON in place of one or two of its parts."""
    body: Any = draw(st.sampled_from(OBJECTS))
    for _ in range(draw(st.integers(1, 2))):
        body = _replaced(body, draw(st.sampled_from(_paths(body))), draw(JSON))
    return body


def _last(body: Any) -> Diagnosis | None:
    end = ended(body)
    return end.diagnosis if end else None


DIAGNOSES: dict[str, Callable[[Any], Diagnosis | None]] = {
    "waiting": waiting,
    "ended": _last,
    "complaint": lambda body: complaint([body, failed_create("fine"), body]),
    "job without a pod": lambda body: job_failed(body, None),
    "job": lambda body: job_failed(failed_job("FailedIndexes"), ended(body)),
}


@pytest.mark.parametrize("diagnose", DIAGNOSES.values(), ids=DIAGNOSES)
@given(body=poisoned() | JSON)
@settings(max_examples=150, deadline=None)
def test_a_broken_object(diagnose: Callable[[Any], Diagnosis | None], body: Any) -> None:
    found = diagnose(body)
    if found is not None:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,127}", found.reason)
        assert len(found.text) <= 1024
        assert found.text.isprintable()
        assert json.dumps(found.text, ensure_ascii=False).encode()


@given(words=TEXTS | JSON.map(json.dumps))
@settings(max_examples=150, deadline=None)
def test_broken_last_words(words: str) -> None:
    body = copy.deepcopy(ENDED["unknown exit"][2])
    body["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = words
    end = ended(body)
    assert end is not None
    assert end.diagnosis is not None
    assert end.diagnosis.reason == "UnexpectedExit" or end.message is not None


@given(body=JSON)
@settings(max_examples=50, deadline=None)
def test_a_list_of_events_may_hold_anything(body: Any) -> None:
    assert complaint([body, None, 1, []]) is None
