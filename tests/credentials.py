"""Who may ask the control plane of the tests what: keys, tokens, kubeconfigs."""

import json
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ADMINISTRATOR = "administrator"
CONTROLLER_MANAGER = "controller-manager"
SCHEDULER = "scheduler"
NODE = "system:node:localhost"
GROUPS: Mapping[str, str] = {
    ADMINISTRATOR: "system:masters",
    CONTROLLER_MANAGER: "system:masters",
    SCHEDULER: "system:masters",
    NODE: "system:nodes",
}
"""The users, and the group that gives each its rights; own users keep the audit log apart."""


def kubeconfig(folder: Path, user: str) -> Path:
    """Where the kubeconfig of one of the users is."""
    return folder / f"kubeconfig-{user.replace(':', '-')}"


def token(user: str) -> str:
    """The bearer token of one of the users."""
    return f"{user.replace(':', '-')}-token"


def write_tokens(path: Path) -> None:
    """Write the file that tells the API server its users."""
    lines = [f'{token(user)},{user},{user},"{group}"\n' for user, group in GROUPS.items()]
    path.write_text("".join(lines))


def write_key(path: Path) -> None:
    """Write a new key that signs the tokens of service accounts."""
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


def write_kubeconfigs(folder: Path, *, server: str, certificate: Path) -> None:
    """Write a kubeconfig for each of the users."""
    for user in GROUPS:
        path = kubeconfig(folder, user)
        write_kubeconfig(path, server=server, certificate=certificate, bearer=token(user))


def write_kubeconfig(path: Path, *, server: str, certificate: Path, bearer: str) -> None:
    """Write a kubeconfig with a single user.

    Args:
        path: Where to.
        server: URL of the API server, or of a proxy before it.
        certificate: What the server is recognised by; not looked at where it speaks plain HTTP.
        bearer: The user's token.
    """
    cluster = {"server": server, "certificate-authority": str(certificate)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": bearer}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    path.write_text(json.dumps(config))
