"""The operator's options, as an environment gives them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from preference_operator.settings import Settings, SettingsError, image_allowed, read_settings

NOWHERE = Path("/nowhere")


def read(**variables: str) -> Settings:
    environment = {f"PREFERENCE_OPERATOR_{name}": value for name, value in variables.items()}
    return read_settings(environment, account_folder=NOWHERE)


def test_defaults() -> None:
    settings = read()
    assert settings == Settings()
    assert settings.namespaces == settings.allowed_images == ()
    assert settings.trainer_image.startswith("preference-trainer:")
    assert settings.lease_namespace == "default"
    assert settings.kubeconfig is None


def test_every_field_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("WORKERS", "3", "workers", 3),
        ("WORKERS", "", "workers", 8),
        ("NAMESPACES", "team-a, team-b,team-a,", "namespaces", ("team-a", "team-b")),
        ("ALLOWED_IMAGES", "a/*,b:1", "allowed_images", ("a/*", "b:1")),
        ("RENEW_SECONDS", "2.5", "renew_seconds", 2.5),
        ("HEALTH_PORT", "0", "health_port", 0),
        ("CHECK_MEMORY", "512Mi", "check_memory", "512Mi"),
        ("LOG_LEVEL", "debug", "log_level", "debug"),
    ],
)
def test_variables(name: str, value: str, field: str, expected: object) -> None:
    assert getattr(read(**{name: value}), field) == expected


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("WORKERS", "many", "PREFERENCE_OPERATOR_WORKERS='many': Input should be a valid integer"),
        ("WORKERS", "0", "PREFERENCE_OPERATOR_WORKERS='0': Input should be greater"),
        ("HEALTH_PORT", "65536", "PREFERENCE_OPERATOR_HEALTH_PORT='65536': "),
        ("NAMESPACES", "team-a,Team_B", "PREFERENCE_OPERATOR_NAMESPACES='Team_B': "),
        ("PROGRESS_SECONDS", "0", "PREFERENCE_OPERATOR_PROGRESS_SECONDS='0': "),
        ("RESYNC_SECONDS", "inf", "PREFERENCE_OPERATOR_RESYNC_SECONDS='inf': "),
        ("LOG_LEVEL", "loud", "PREFERENCE_OPERATOR_LOG_LEVEL='loud': "),
        ("CHECK_CPU", "fast", "PREFERENCE_OPERATOR_CHECK_CPU='fast': "),
        ("IMAGE_PULL_POLICY", "always", "PREFERENCE_OPERATOR_IMAGE_PULL_POLICY='always': "),
        ("RENEW_SECONDS", "15", "PREFERENCE_OPERATOR_RENEW_SECONDS, PREFERENCE_OPERATOR_LEASE"),
        ("RETRY_SECONDS", "10", "have to grow in this order"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(**{name: value})
    assert words in str(refusal.value)


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        read(WORKERS="many", LOG_LEVEL="loud")
    assert len(str(refusal.value).splitlines()) == 2


def test_variables_that_kubernetes_sets_for_a_service_are_ignored() -> None:
    assert read(PORT="tcp://10.0.0.1:80", SERVICE_HOST="10.0.0.1") == Settings()


def test_the_lease_lies_in_the_operators_own_namespace(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("operators\n")
    assert read_settings({}, account_folder=tmp_path).lease_namespace == "operators"
    chosen = {"PREFERENCE_OPERATOR_LEASE_NAMESPACE": "leases"}
    assert read_settings(chosen, account_folder=tmp_path).lease_namespace == "leases"


def test_the_kubeconfig_is_the_usual_variable() -> None:
    assert read_settings({"KUBECONFIG": "/config"}, account_folder=NOWHERE).kubeconfig == "/config"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().workers = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("patterns", "image", "allowed"),
    [
        ("", "the-trainer:1", True),
        ("", "the-trainer:2", False),
        ("", "", False),
        ("host/trainer:1", "host/trainer:1", True),
        ("host/trainer:1", "host/trainer:12", False),
        ("host/trainer:1", "a/host/trainer:1", False),
        ("host/trainer.1", "host/trainerX1", False),
        ("host/team/*", "host/team/a/b@sha256:00", True),
        ("host/team/*", "host/team", False),
        ("host/team/*", "host/teams/a", False),
        ("host/team/trainer-*", "host/team/trainer-cuda:1", True),
        ("host/*/trainer:1", "host/team/trainer:1", True),
        ("host/*/trainer:1", "host/a/b/trainer:1", False),
        ("*.host/team/*", "eu.host/team/a", True),
        ("*.host/team/*", "evil/x.host/team/a", False),
        ("trainer:*", "trainer:2", True),
        ("trainer:*", "trainer:5000/evil/image", False),
        ("host*", "host.evil/image", False),
        ("*", "anything/at:all", True),
        ("*", "not an image", False),
        ("first/*,second/*", "second/a", True),
        ("host/[a-z]", "host/a", False),
        ("host/?", "host/a", False),
    ],
)
def test_images(patterns: str, image: str, allowed: bool) -> None:
    settings = read(TRAINER_IMAGE="the-trainer:1", ALLOWED_IMAGES=patterns)
    assert image_allowed(image, settings) is allowed
