"""The workflows: linted, with the least rights, of pinned parts. Nothing here asks a network."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github"
WORKFLOWS = {file.stem: file for file in sorted((FOLDER / "workflows").glob("*.yml"))}
USES = re.compile(r"\buses: (\S+)(.*)")
PINNED = re.compile(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40})")
WRITES = {
    ("release", "image"): {"packages", "id-token", "attestations"},
    ("release", "chart"): {"packages", "id-token", "attestations"},
    ("release", "publish"): {"contents"},
}
"""What jobs may write; all others read the code, and `publish` not even that."""


def program(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program that lies beside this interpreter."""
    command = [Path(sys.executable).with_name(name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read(name: str) -> dict[Any, Any]:
    workflow: dict[Any, Any] = yaml.safe_load(WORKFLOWS[name].read_text())
    return workflow


def triggers(name: str) -> set[str]:
    """YAML 1.1 takes the word `on` for true."""
    return set(read(name)[True])


JOBS = [(name, job) for name in WORKFLOWS for job in read(name)["jobs"]]


def test_there_are_workflows_for_tests_images_and_releases() -> None:
    assert {name: triggers(name) for name in WORKFLOWS} == {
        "test": {"push", "pull_request", "schedule", "workflow_dispatch"},
        "images": {"push", "pull_request"},
        "release": {"push"},
    }


def test_zizmor_finds_nothing() -> None:
    done = program("zizmor", "--offline", "--no-config", "--persona=pedantic", ROOT / ".github")
    assert done.returncode == 0, done.stdout


BROKEN = {
    "an action by tag": ("test", "@df4cb1c069e1874edd31b4311f1884172cec0e10", "@v6"),
    "text of strangers in a command": (
        "test",
        "run: sh tests/run.sh\n",
        "run: sh tests/run.sh ${{ github.head_ref }}\n",
    ),
    "credentials left in the checkout": ("images", "persist-credentials: false", "fetch-depth: 1"),
    "the code of strangers with rights": ("test", "  pull_request:", "  pull_request_target:"),
    "all rights": ("images", "permissions:\n      contents: read", "permissions: write-all"),
}


@pytest.mark.parametrize(("name", "old", "new"), BROKEN.values(), ids=BROKEN.keys())
def test_zizmor_would_find(name: str, old: str, new: str, tmp_path: Path) -> None:
    text = WORKFLOWS[name].read_text()
    assert old in text
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "broken.yml").write_text(text.replace(old, new))
    assert program("zizmor", "--offline", "--no-config", tmp_path).returncode > 10


SCHEMAS = {
    "vendor.github-workflows": [*WORKFLOWS.values()],
    "vendor.dependabot": [FOLDER / "dependabot.yml"],
}


@pytest.mark.parametrize(("schema", "files"), SCHEMAS.items(), ids=SCHEMAS.keys())
def test_files_match_the_schema_of_their_kind(schema: str, files: list[Path]) -> None:
    done = program("check-jsonschema", f"--builtin-schema={schema}", *files)
    assert done.returncode == 0, done.stdout


def test_every_action_is_pinned_and_says_its_version() -> None:
    commits: dict[str, set[str]] = {}
    for file in WORKFLOWS.values():
        for reference, comment in USES.findall(file.read_text()):
            match = PINNED.fullmatch(reference)
            assert match, f"{file.name}: {reference}"
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{file.name}: {reference}"
            commits.setdefault(match[1], set()).add(match[2] + comment)
    assert {action for action, pins in commits.items() if len(pins) > 1} == set()
    assert {"actions/attest-build-provenance", "sigstore/cosign-installer"} <= commits.keys()


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_has_the_rights_it_needs(name: str, job: str) -> None:
    assert read(name)["permissions"] == {}
    given = read(name)["jobs"][job]["permissions"]
    assert {what for what, right in given.items() if right == "write"} == WRITES.get(
        (name, job), set()
    )
    assert {what for what, right in given.items() if right == "read"} <= {"contents"}


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_values_reach_commands_by_their_environment(name: str, job: str) -> None:
    commands = [step.get("run", "") for step in read(name)["jobs"][job]["steps"]]
    assert [command for command in commands if "${{" in command] == []


def test_nothing_is_released_before_the_audit() -> None:
    jobs = read("release")["jobs"]
    assert "sh release/audit.sh" in [step.get("run") for step in jobs["check"]["steps"]]
    order = {name: job.get("needs", []) for name, job in jobs.items()}
    assert order == {
        "check": [],
        "image": "check",
        "chart": ["check", "image"],
        "publish": ["check", "chart"],
    }


def test_every_program_that_tests_start_is_fetched() -> None:
    sources = [file.read_text() for file in (ROOT / "tests").rglob("*.py")]
    wanted = {name for text in sources for name in re.findall(r'programs\.find\("([\w-]+)"', text)}
    fetched = (FOLDER / "programs.sh").read_text()
    assert wanted
    assert [name for name in sorted(wanted) if not re.search(rf"\b{name}\b", fetched)] == []
