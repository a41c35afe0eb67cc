"""What the NetworkPolicies leave open, address by address."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from helm_chart import Body, Values, documents, only

TEAM: Values = {"trainer": {"namespaces": ["team"]}}
INWARD = [
    "127.0.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "10.96.0.1",
    "172.20.0.1",
    "192.168.1.1",
    "::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::a9fe:a9fe",
]
OUTWARD = ["52.219.169.1", "192.0.2.10", "2600:1fa0::1"]


def egress(values: Values) -> list[Body]:
    """Where training pods may go."""
    policy = only(documents(values), "NetworkPolicy", "preference-operator-trainer")
    rules: list[Body] = policy["spec"]["egress"]
    return rules


def opened(address: str, peer: Body) -> bool:
    """Whether a peer is an address block that holds an address."""
    block = peer.get("ipBlock", {"cidr": "0.0.0.0/32"})
    found = ip_address(address)
    return found in ip_network(block["cidr"]) and not any(
        found in ip_network(one) for one in block.get("except", ())
    )


@pytest.mark.parametrize(
    ("address", "leads"), [(one, False) for one in INWARD] + [(one, True) for one in OUTWARD]
)
def test_training_pods_reach_public_addresses_and_no_others(address: str, leads: bool) -> None:
    _dns, *storage = egress(TEAM)
    assert any(opened(address, peer) for rule in storage for peer in rule["to"]) == leads


def test_the_operator_reaches_names_the_api_server_and_trainings() -> None:
    policy = only(documents(TEAM), "NetworkPolicy", "preference-operator")["spec"]
    dns, server, progress = policy["egress"]
    assert {port["port"] for port in dns["ports"]} == {53}
    assert [port["port"] for port in server["ports"]] == [443, 6443]
    assert progress["ports"] == [{"port": 8080}]
    (peer,) = progress["to"]
    assert peer["podSelector"] == {"matchLabels": {"preference.dev/stage": "train"}}


@pytest.mark.parametrize("component", ["operator", "test"])
def test_every_pod_of_the_chart_is_under_a_policy(component: str) -> None:
    objects = documents()
    pods = [only(objects, "Deployment")["spec"]["template"], only(objects, "Pod")]
    labels = next(
        pod["metadata"]["labels"]
        for pod in pods
        if pod["metadata"]["labels"]["app.kubernetes.io/component"] == component
    )
    selector = only(objects, "NetworkPolicy", "preference-operator")["spec"]["podSelector"]
    assert selector["matchLabels"].items() <= labels.items()
    assert all(matched(one, labels) for one in selector["matchExpressions"])


def matched(expression: Body, labels: Body) -> bool:
    """Whether labels meet an expression with the operator In."""
    assert expression["operator"] == "In"
    return labels[expression["key"]] in expression["values"]


@pytest.mark.parametrize("peers", [[], [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]])
def test_metrics_are_read_by_whom_the_values_name(peers: list[Any]) -> None:
    values = {**TEAM, "networkPolicy": {"monitoring": peers}}
    own = only(documents(values), "NetworkPolicy", "preference-operator")["spec"]["ingress"]
    assert own == ([{"from": peers, "ports": [{"port": 8081}]}] if peers else [])
    trainer = only(documents(values), "NetworkPolicy", "preference-operator-trainer")["spec"]
    (rule,) = trainer["ingress"]
    assert rule["ports"] == [{"port": 8080}]
    assert rule["from"][1:] == peers
