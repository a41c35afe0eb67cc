"""The page on troubleshooting says what the code gives, all of it and nothing else."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import combinations
from pathlib import Path
from types import ModuleType

import pytest

import preference_operator
import preference_trainer
from diagnose_cases import COMPLAINTS, ENDED, WAITING
from pod_states import failed_job
from preference_operator import stages
from preference_operator.diagnose import Reason, job_failed
from preference_operator.diagnose.advice import Cause, Group
from preference_operator.diagnose.calm import CALM
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


def test_every_other_reason_that_the_operator_writes_has_its_row() -> None:
    written = set(_written())
    assert {"SameRun", "Preempted", "Retrying", "Replacing", "DatasetNotListed"} <= written
    assert written - set(map(str, Reason)) - CALM.keys() == set()


def test_no_row_is_of_a_reason_that_is_never_written() -> None:
    constants = {
        str(node.value)
        for node in _nodes(preference_operator, leave_out="calm")
        if isinstance(node, ast.Constant)
    }
    assert CALM.keys() - constants == set()
    assert CALM.keys() & set(map(str, Reason)) == set()
    assert [reason for reason in CALM if FILE.render().count(f"\n| `{reason}` | ") != 1] == []


def test_every_state_is_explained() -> None:
    page = (FILE.path.parent / "operate.md").read_text(encoding="utf-8")
    told = {word for row in page.splitlines() if row.startswith("| `") for word in _words(row)}
    states = set(_states())
    assert {"Waiting", "Queued", "Replacing", "Preempting", "Blocked", "Invalid"} <= states
    assert states - told == set()


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


def _written() -> Iterator[str]:
    """Reasons of conditions and events, but those of a Diagnosis."""
    for module, call, name in _calls(preference_operator):
        if name in ("stand", "calm"):
            yield from _texts(call.args[2], module)
        if name in ("true", "false", "unknown"):
            yield from _texts(call.args[0], module)
        if name not in ("Diagnosis", "Happening"):
            for argument in call.keywords:
                if argument.arg == "reason":
                    yield from _texts(argument.value, module)


def _states() -> Iterator[str]:
    yield from stages._STATES.values()
    for module, call, name in _calls(preference_operator):
        if name == "stand":
            yield from _texts(call.args[0], module)
        if name in ("calm", "_troubled"):
            yield from _texts(call.args[1], module)
        if name == "_stopped":
            yield from _texts(call.args[2], module)


def _calls(package: object) -> Iterator[tuple[ModuleType, ast.Call, str]]:
    """Every call in the modules of a package, with the last part of its name."""
    folder = Path(str(getattr(package, "__file__", ""))).parent
    for path in folder.rglob("*.py"):
        if path.stem == "__main__":
            continue
        name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
        module = import_module(name.removesuffix(".__init__"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield module, node, ast.unparse(node.func).rpartition(".")[2]


def _texts(expression: ast.AST, module: ModuleType) -> Iterator[str]:
    """Texts that an expression may be: those in it, and those that its names stand for."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name) and isinstance(getattr(module, node.id, None), str):
            yield getattr(module, node.id)


def _words(row: str) -> list[str]:
    return re.findall(r"`(\w+)`", row.split("|")[1])


def _assigned(package: object, *, name: str) -> Iterator[str]:
    for node in _nodes(package):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            assert isinstance(node.value, ast.Constant)
            yield str(node.value.value)


def _nodes(package: object, *, leave_out: str = "") -> Iterator[ast.AST]:
    """What the modules of a package are made of, but those of one name."""
    folder = Path(str(getattr(package, "__file__", ""))).parent
    for path in folder.rglob("*.py"):
        if path.stem != leave_out:
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))
