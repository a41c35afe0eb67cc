"""Values: what is refused and how it is told, and that every value is described."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from helm_chart import CHART, Body, HelmFailed, Values, template

WRONG: list[tuple[Values, str]] = [
    ({"replica": 2}, "additional properties 'replica' not allowed"),
    ({"crds": {"install": True}}, "at '/crds': additional properties 'install' not allowed"),
    ({"image": {"name": "x"}}, "at '/image': additional properties 'name' not allowed"),
    ({"image": {"digest": "sha256:1"}}, "at '/image/digest': 'sha256:1' does not match pattern"),
    ({"image": {"tag": "a b"}}, "at '/image/tag'"),
    ({"image": {"tag": 1.1}}, "at '/image/tag': got number, want string"),
    ({"image": {"repository": ""}}, "at '/image/repository'"),
    ({"image": {"repository": "a@sha256:0"}}, "at '/image/repository'"),
    ({"image": {"pullPolicy": "Sometimes"}}, "at '/image/pullPolicy': value must be one of"),
    ({"imagePullSecrets": ["registry"]}, "at '/imagePullSecrets/0': got string, want object"),
    ({"watchNamespaces": "team"}, "at '/watchNamespaces': got string, want array"),
    ({"watchNamespaces": ["Team"]}, "at '/watchNamespaces/0': 'Team' does not match pattern"),
    ({"replicas": -1}, "at '/replicas': minimum: got -1, want 0"),
    ({"replicas": "2"}, "at '/replicas': got string, want integer"),
    ({"leaderElection": {"leaseSeconds": 0}}, "at '/leaderElection/leaseSeconds': minimum"),
    ({"leaderElection": {"renewSeconds": 60}}, "leaderElection: retrySeconds, renewSeconds and"),
    ({"workers": 257}, "at '/workers': maximum: got 257, want 256"),
    ({"progressSeconds": 0}, "at '/progressSeconds': exclusiveMinimum"),
    ({"logLevel": "trace"}, "at '/logLevel': value must be one of"),
    ({"healthPort": 70000}, "at '/healthPort': maximum"),
    ({"serviceAccount": {"name": "A"}}, "at '/serviceAccount/name'"),
    ({"serviceAccount": {"create": False}}, "serviceAccount.name: needed where"),
    ({"commonLabels": {"a": 1}}, "at '/commonLabels/a': got number, want string"),
    ({"resources": {"limits": {"memory": "much"}}}, "at '/resources/limits/memory'"),
    ({"resources": {"claims": []}}, "at '/resources': additional properties 'claims'"),
    ({"tolerations": [{"operators": "Exists"}]}, "at '/tolerations/0': additional properties"),
    ({"affinity": {"nodes": {}}}, "at '/affinity': additional properties 'nodes' not allowed"),
    (
        {"networkPolicy": {"apiServer": [{"ipBlock": {"cidr": "192.0.2.1"}}]}},
        "at '/networkPolicy/apiServer/0/ipBlock/cidr': '192.0.2.1' does not match pattern",
    ),
    (
        {"networkPolicy": {"storage": [{"to": [{"podSelector": {}}], "ports": [{"prot": 1}]}]}},
        "at '/networkPolicy/storage/0/ports/0': additional properties 'prot' not allowed",
    ),
    (
        {"networkPolicy": {"monitoring": [{"namespaceSelector": {"matchLabel": {}}}]}},
        "at '/networkPolicy/monitoring/0/namespaceSelector': additional properties",
    ),
    ({"topologySpreadConstraints": [{"maxSkew": 1}]}, "at '/topologySpreadConstraints/0'"),
    ({"podDisruptionBudget": {"maxUnavailable": "half"}}, "at '/podDisruptionBudget/maxUnav"),
    ({"trainer": {"allowedImages": ["a,b"]}}, "at '/trainer/allowedImages/0'"),
    ({"trainer": {"check": {"cpu": 1}}}, "at '/trainer/check/cpu': got number, want string"),
    ({"trainer": {"serviceAccount": {"name": ""}}}, "at '/trainer/serviceAccount/name'"),
    ({"trainer": {"serviceAccount": {"default": True}}}, "at '/trainer/serviceAccount/default'"),
    ({"trainer": {"env": []}}, "at '/trainer': additional properties 'env' not allowed"),
    ({"networkPolicy": {"dns": [{}]}}, "at '/networkPolicy/dns/0': minProperties"),
    ({"networkPolicy": {"storage": [{"ports": []}]}}, "at '/networkPolicy/storage/0': missing"),
    ({"networkPolicy": {"storage": [{"to": []}]}}, "at '/networkPolicy/storage/0/to': minItems"),
    ({"policy": {"actions": []}}, "at '/policy/actions': minItems"),
    ({"policy": {"actions": ["Deny", "Warn"]}}, "at '/policy/actions'"),
    ({"policy": {"endpoints": ["s3.example.com"]}}, "at '/policy/endpoints/0'"),
    ({"policy": {"endpoints": ["https://s3.example.com/a"]}}, "at '/policy/endpoints/0'"),
    ({"policy": {"gpuResources": []}}, "at '/policy/gpuResources': minItems"),
    ({"monitoring": {"podMonitors": {"interval": "soon"}}}, "at '/monitoring/podMonitors/inter"),
    ({"monitoring": {"rules": {"runbooks": "a#b"}}}, "at '/monitoring/rules/runbooks'"),
    ({"extraObjects": [1]}, "at '/extraObjects/0': got number, want"),
]


@pytest.mark.parametrize(("values", "words"), WRONG, ids=[str(values) for values, _ in WRONG])
def test_a_wrong_value_is_refused_by_its_path(values: Values, words: str) -> None:
    with pytest.raises(HelmFailed) as refused:
        template(values)
    assert words in str(refused.value)


def paths(schema: Body, whole: Body, path: str = "") -> Iterator[str]:
    """The names that a schema has for values, below those that are free to have any."""
    node = whole["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for name, part in node.get("properties", {}).items():
        yield f"{path}{name}"
        yield from paths(part, whole, f"{path}{name}.")


def open_objects(schema: Any, path: str = "") -> Iterator[str]:
    """Where a schema has objects that take any name; a mapping of texts has a schema of those."""
    if isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from open_objects(part, f"{path}/{number}")
    elif isinstance(schema, dict):
        if schema.get("type") == "object" and schema.get("additionalProperties", True) is True:
            yield path
        for name, part in schema.items():
            yield from open_objects(part, f"{path}/{name}")


def test_every_object_of_the_chart_refuses_unknown_names() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    found = [path.removesuffix("/^(node|pod|podAnti)Affinity$") for path in open_objects(schema)]
    assert found == ["/properties/global", "/properties/affinity/patternProperties"]


def names(values: Any, known: set[str], path: str = "") -> Iterator[str]:
    """The names of values, as deep as the schema knows them."""
    for name, value in values.items():
        yield f"{path}{name}"
        if isinstance(value, dict) and any(one.startswith(f"{path}{name}.") for one in known):
            yield from names(value, known, f"{path}{name}.")


def test_schema_and_values_have_the_same_names() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    known = set(paths(schema, schema))
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(names(values, known)) == known - {"global"}


def test_values_of_a_parent_chart_pass() -> None:
    assert template({"global": {"anything": 1}})


def test_what_is_generated_is_current() -> None:
    done = subprocess.run(
        [sys.executable, CHART.parent / "generate.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
