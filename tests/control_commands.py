"""How the programs of a control plane are called."""

import json
from pathlib import Path

import audit_log
import credentials
import programs

Command = tuple[str | Path, ...]


def etcd(folder: Path, *, client: str, peer: str) -> Command:
    """etcd at two URLs; nothing has to outlast the machine."""
    return (
        programs.find("etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def api_server(folder: Path, *, url: str, store: str, services: str, audit: bool) -> Command:
    """The API server; writes keys and policies first.

    Args:
        folder: For its data.
        url: Where it listens.
        store: URL of its etcd.
        services: The first address of its service network.
        audit: Whether it notes every request.
    """
    key, tokens = folder / "accounts.key", folder / "tokens.csv"
    credentials.write_key(key)
    credentials.write_tokens(tokens)
    address, _, port = url.removeprefix("https://").partition(":")
    return (
        programs.find("kube-apiserver"),
        f"--etcd-servers={store}",
        f"--bind-address={address}",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=Node,RBAC",
        f"--service-cluster-ip-range={services}/16",
        "--allow-privileged",
        # One that is shut down ends its watches, where it would wait a minute for them to end.
        "--shutdown-watch-termination-grace-period=1s",
        *(_audited(folder) if audit else ()),
    )


def controller_manager(folder: Path, *, nodes: bool) -> Command:
    """The controller manager, as quick as the machine is.

    Without nodes that tell how they are, nothing looks after nodes: pods bound to one that only
    has a name would be taken off it after some minutes.
    """
    left_out = () if nodes else ("-node-lifecycle-controller", "-taint-eviction-controller")
    return (
        programs.find("kube-controller-manager"),
        *_client_options(credentials.kubeconfig(folder, credentials.CONTROLLER_MANAGER)),
        f"--service-account-private-key-file={folder / 'accounts.key'}",
        f"--root-ca-file={folder / 'certificates' / 'apiserver.crt'}",
        "--concurrent-job-syncs=20",
        f"--controllers={','.join(['*', *left_out])}",
    )


def scheduler(folder: Path) -> Command:
    """The scheduler, as quick as the machine is."""
    return (
        programs.find("kube-scheduler"),
        *_client_options(credentials.kubeconfig(folder, credentials.SCHEDULER)),
    )


def _client_options(kubeconfig: Path) -> Command:
    return (
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    )


def _audited(folder: Path) -> Command:
    policy = folder / "audit-policy.json"
    policy.write_text(json.dumps(audit_log.POLICY))
    return (
        f"--audit-policy-file={policy}",
        f"--audit-log-path={folder / 'audit.log'}",
        # Megabytes; a log that is rotated would lose requests unnoticed.
        "--audit-log-maxsize=10000",
    )
