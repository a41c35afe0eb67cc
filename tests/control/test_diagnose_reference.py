"""The page on troubleshooting says what the code gives, all of it and nothing else."""

import ast
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

import preference_operator
import preference_trainer
from diagnose_cases import COMPLAINTS, ENDED, WAITING
from pod_states import failed_job
from preference_operator.diagnose import Reason, job_failed
from preference_operator.diagnose.advice import Cause, Group
from preference_operator.diagnose.reasons import MOST_IN_REMEDY
from preference_operator.diagnose.reference import FILE, TRAINER_REASONS
from preference_operator.diagnose.remedies import ADVICE, diagnose

CAUSES = [cause for advice in ADVICE.values() for cause in advice.causes]
JOBS = ("FailedIndexes", "DeadlineExceeded", "BadWeather")


def test_the_page_is_what_the_tables_say() -> None:
    assert FILE.path.read_text(encoding="utf-8") == FILE.render(), f"write {FILE.path} again"


def test_every_reason_has_its_row() -> None:
    assert list(ADVICE) == list(Reason)
    text = FILE.render()
    assert [reason for reason in Reason if text.count(f"\n| `{reason}` | ") != 1] == []


def test_every_reason_of_the_cluster_is_given_to_some_object() -> None:
    given = {str(reason) for _verdict, reason, _body in ENDED.values()}
    given |= {str(reason) for reason, _object in [*WAITING.values(), *COMPLAINTS.values()]}
    given |= {job_failed(failed_job(reason), None).reason for reason in JOBS}
    others = (Group.OPERATOR, Group.QUEUED)
    cluster = {str(reason) for reason in Reason if ADVICE[reason].group not in others}
    assert cluster - given == set()


def test_every_reason_that_the_operator_gives_has_its_row() -> None:
    given = set(_constants(preference_operator, call="Diagnosis", keyword="reason"))
    assert given - set(map(str, Reason)) == set()


def test_the_trainers_reasons_are_all_listed() -> None:
    given = {
        *_constants(preference_trainer, call="", keyword="reason"),
        *_assigned(preference_trainer, name="default_reason"),
    }
    ends_well = {"Done"}
    # Of a rollback, which people run and no pod does.
    to_people = {"NotFinished", "NoEarlierRun", "NotComplete"}
    assert given - ends_well - to_people - set(map(str, Reason)) == set(TRAINER_REASONS)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.example)
def test_examples_are_recognised(cause: Cause) -> None:
    assert re.search(cause.pattern, cause.example)


@pytest.mark.parametrize("reason", Reason)
def test_no_remedy_is_ever_cut(reason: Reason) -> None:
    examples = [cause.example for cause in ADVICE[reason].causes]
    for some in ((), examples, *combinations(examples, 3), *combinations(examples, 1)):
        assert not diagnose(reason, ", ".join(some)).remedy.endswith("…")
    assert len(ADVICE[reason].remedy) <= MOST_IN_REMEDY


def _constants(package: object, *, call: str, keyword: str) -> Iterator[str]:
    """Literal values of a keyword in the calls of a function, or of any with an empty name."""
    for node in _nodes(package):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(call):
            for argument in node.keywords:
                if argument.arg == keyword and isinstance(argument.value, ast.Constant):
                    yield str(argument.value.value)


def _assigned(package: object, *, name: str) -> Iterator[str]:
    for node in _nodes(package):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            assert isinstance(node.value, ast.Constant)
            yield str(node.value.value)


def _nodes(package: object) -> Iterator[ast.AST]:
    folder = Path(str(getattr(package, "__file__", ""))).parent
    for path in folder.rglob("*.py"):
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))
