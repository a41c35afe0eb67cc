"""Whom training pods are: the account that namespaces get, and the pods that get it."""

import json
from typing import Any

import pytest

from helm_chart import Values, documents, environment, only, settings

ACCOUNT = "preference-trainer"
WATCHED: Values = {"watchNamespaces": ["team", "other"]}
CLOUD: Values = {"example.com/role": "arn:aws:iam::1:role/trainer"}


@pytest.mark.parametrize("namespaces", ["trainer", "watched"])
def test_namespaces_get_an_account_without_rights_or_token(namespaces: str) -> None:
    name = {"trainer": {"namespaces": ["team"]}}
    objects = documents(name if namespaces == "trainer" else {"watchNamespaces": ["team"]})
    account = only(objects, "ServiceAccount", "preference-trainer")
    assert account["metadata"]["namespace"] == "team"
    assert account["automountServiceAccountToken"] is False
    assert "preference-trainer" not in str([one for one in objects if "Binding" in one["kind"]])


def given(**account: Any) -> Values:
    """Values of trainer.serviceAccount."""
    return {"trainer": {"serviceAccount": account}}


@pytest.mark.parametrize(
    ("values", "account"),
    [
        ({}, None),
        ({"trainer": {"namespaces": ["team"]}}, None),
        (WATCHED, ACCOUNT),
        ({**WATCHED, "trainer": {"namespaces": ["team"]}}, None),
        ({**WATCHED, "trainer": {"namespaces": ["other", "team", "third"]}}, ACCOUNT),
        ({**WATCHED, **given(name="own")}, "own"),
        ({**WATCHED, **given(create=False)}, None),
        ({**WATCHED, **given(default="never")}, None),
        ({**WATCHED, **given(create=False, default="always")}, ACCOUNT),
        (given(default="always", name="own"), "own"),
    ],
    ids=json.dumps,
)
def test_pods_get_the_account_where_it_is_in_every_watched_namespace(
    values: Values, account: str | None
) -> None:
    assert settings(values).trainer_account == account


@pytest.mark.parametrize("policy", ["jobs", "preferencejobs"])
def test_the_bounds_let_the_default_account_pass(policy: str) -> None:
    objects = documents(given(default="always", name="own"))
    (named,) = (
        bound["expression"]
        for bound in only(objects, "ValidatingAdmissionPolicy", f"preference-operator-{policy}")[
            "spec"
        ]["validations"]
        if "variables.account in" in bound["expression"]
    )
    assert '"own"' in named
    assert environment(objects)["PREFERENCE_OPERATOR_TRAINER_ACCOUNT"] == "own"


def test_a_cloud_identity_reaches_pods_that_name_no_account() -> None:
    values = {**WATCHED, **given(annotations=CLOUD)}
    made = [
        one
        for one in documents(values)
        if one["kind"] == "ServiceAccount"
        and one["metadata"]["name"] == settings(values).trainer_account
    ]
    assert [one["metadata"]["annotations"] for one in made] == [CLOUD, CLOUD]
