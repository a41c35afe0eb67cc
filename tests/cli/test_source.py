import io
from pathlib import Path

import pytest

from cli_world import World, manifest
from preference_cli.errors import CommandError
from preference_cli.source import Source, load_document

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}}


def refused(source: Source) -> CommandError:
    with pytest.raises(CommandError) as caught:
        load_document(source)
    return caught.value


def test_reads_a_manifest(world: World) -> None:
    document = load_document(Source("job.yaml"))
    assert (document.name, document.namespace, document.local) == ("tiny", "default", True)
    assert document.spec.output.uri == (world.folder / "out").as_uri()


def test_a_job_beside_other_kinds_is_found(world: World) -> None:
    world.write("job.yaml", SECRET, manifest("beside"))
    assert load_document(Source("job.yaml")).name == "beside"


def test_standard_input_is_relative_to_the_working_directory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO((world.folder / "job.yaml").read_text()))
    document = load_document(Source("-"))
    assert document.spec.model.uri == (world.folder / "models/base").as_uri()


def test_a_linked_manifest_is_relative_to_where_the_link_is(world: World) -> None:
    world.write("elsewhere/job.yaml", manifest())
    Path("linked.yaml").symlink_to("elsewhere/job.yaml")
    document = load_document(Source("linked.yaml"))
    assert document.spec.output.uri == (world.folder / "out").as_uri()


def test_numbers_are_read_as_kubectl_reads_them(world: World) -> None:
    text = (world.folder / "job.yaml").read_text()
    (world.folder / "job.yaml").write_text(f"{text}  training: {{learningRate: 5e-7}}\n")
    assert load_document(Source("job.yaml")).spec.training.learning_rate == 5e-7


def test_one_of_several_is_chosen_by_name(world: World) -> None:
    world.write("job.yaml", manifest("one"), manifest("two"))
    assert load_document(Source("job.yaml", "two")).name == "two"
    several, absent = refused(Source("job.yaml")), refused(Source("job.yaml", "three"))
    assert "one, two: more than one" in several.message
    assert "--name" in several.remedy
    assert "no PreferenceJob three" in absent.message


@pytest.mark.parametrize(
    ("content", "reason", "message"),
    [
        (b"", "BadFile", "job.yaml is empty"),
        (b"# nothing\n---\n", "BadFile", "job.yaml is empty"),
        (b"spec:\n  model: {uri: a\n", "BadYAML", "job.yaml: this is not YAML: line 3"),
        (b"spec:\n\tmodel: a\n", "BadYAML", "line 2"),
        (b"\xff\xfe", "BadFile", "not text in UTF-8"),
        (b"kind: Secret\n---\nkind: Job", "WrongKind", "no PreferenceJob but Job, Secret"),
        (b"just words", "WrongKind", "no PreferenceJob but text"),
        (b"a: b", "WrongKind", "nothing with a kind"),
    ],
)
def test_says_what_is_wrong_with_a_file(
    world: World, content: bytes, reason: str, message: str
) -> None:
    (world.folder / "job.yaml").write_bytes(content)
    fault = refused(Source("job.yaml"))
    assert fault.reason == reason
    assert message in fault.message


@pytest.mark.parametrize(
    ("file", "message"), [("none.yaml", "No such file"), (".", "Is a directory")]
)
def test_says_why_a_file_cannot_be_read(world: World, file: str, message: str) -> None:
    assert f"{file}: {message}" in refused(Source(file)).message


def test_every_fault_of_a_manifest_is_named_at_once(world: World) -> None:
    world.write("job.yaml", manifest(training={"step": 3, "batchSize": 0}, method="PPO"))
    fault = refused(Source("job.yaml"))
    for path in ("spec.training.step", "spec.training.batchSize", "spec.method"):
        assert any(detail.startswith(f"{path}:") for detail in fault.details)


def test_overrides_come_before_the_rules(world: World) -> None:
    world.write("job.yaml", manifest(training={"epochs": 2}))
    fault = refused(Source("job.yaml", overrides=["training.steps=3"]))
    assert "spec.training" in fault.details[0]
    overrides = ["training.steps=3", "training.epochs=null"]
    assert load_document(Source("job.yaml", overrides=overrides)).spec.training.steps == 3
