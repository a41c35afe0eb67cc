"""The options of the commands that talk to a cluster: kubectl's."""

import argparse
import re
from pathlib import Path

from preference_cli.cluster.api import Cluster
from preference_cli.cluster.kubeconfig import Access, connect

_NAME = re.compile(
    r"((pj|prefjob|preferencejobs?)(\.preference\.dev)?/)?"
    r"(?P<name>[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)"
)


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cluster, as whom and in which namespace."""
    parser.add_argument("--kubeconfig", metavar="FILE", help="default: KUBECONFIG, ~/.kube/config")
    parser.add_argument("--context", metavar="CONTEXT", help="default: the kubeconfig's current")
    parser.add_argument(
        "-n", "--namespace", metavar="NAMESPACE", help="default: the context's, else default"
    )


def add_name_argument(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Which PreferenceJob."""
    parser.add_argument(
        "name",
        metavar="NAME",
        type=job_name,
        nargs="?" if optional else None,
        help="name of a PreferenceJob; pj/NAME as kubectl writes it will do",
    )


def job_name(text: str) -> str:
    """The name in `NAME`, `pj/NAME` or `preferencejob.preference.dev/NAME`.

    Raises:
        argparse.ArgumentTypeError: Nothing in a cluster can have that name.
    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text} is no name of a PreferenceJob")
    return found["name"]


def names_job(text: str, arguments: argparse.Namespace) -> bool:
    """Whether a text that may name a file as well means a PreferenceJob in a cluster."""
    if _NAME.fullmatch(text) is None:
        return False
    options = (arguments.kubeconfig, arguments.context, arguments.namespace)
    return any(options) or not Path(text).exists()


def access(arguments: argparse.Namespace) -> Access:
    """What the call says about the cluster."""
    return Access(
        kubeconfig=arguments.kubeconfig,
        context=arguments.context,
        namespace=arguments.namespace,
    )


def open_cluster(arguments: argparse.Namespace) -> Cluster:
    """The cluster that a call is about.

    Raises:
        CommandError: The kubeconfig is at fault.
    """
    return Cluster(connect(access(arguments)))
