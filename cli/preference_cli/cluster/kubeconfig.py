"""Which API server, as whom and in which namespace: the kubeconfig as kubectl reads it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from preference_api.installing import from_checkout
from preference_cli.errors import CommandError

_DEFAULT_FILE = "~/.kube/config"
_DEFAULT_NAMESPACE = "default"
# The library takes it that a kubeconfig is a mapping of lists of mappings.
_UNREADABLE = (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the call says about the cluster; what it leaves out stands in the kubeconfig."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A way to an API server.

    Args:
        client: A `kubernetes.client.ApiClient` with the user's credentials.
        context: Name of the context.
        namespace: Where names are looked for.
        no_answer: What the client raises where it gets no answer.
    """

    client: Any
    context: str
    namespace: str
    no_answer: tuple[type[Exception], ...]


def connect(access: Access) -> Connection:
    """Read the kubeconfig; nothing is sent yet, but a credential plugin may be run.

    Raises:
        CommandError: The client library is not installed, or the kubeconfig is at fault.
    """
    library = _library()
    with _faults_named(library):
        merged = _merged(library, access)
        context = access.context or merged.config.safe_get("current-context")
        known = _names(merged.config)
        if context not in known:
            raise _no_context(context, known)
        return _connection(library, merged, context, access.namespace)


def contexts(access: Access) -> list[str]:
    """Names of all contexts.

    Raises:
        CommandError: As `connect`.
    """
    library = _library()
    with _faults_named(library):
        return _names(_merged(library, access).config)


@contextmanager
def _faults_named(library: Any) -> Iterator[None]:
    try:
        yield
    except (library.config.ConfigException, *_UNREADABLE) as error:
        raise _broken(str(error)) from error


def _library() -> Any:
    """The client library, which takes its time to load and is needed by few commands."""
    try:
        import kubernetes.client
        import kubernetes.config.kube_config
    except ModuleNotFoundError as error:
        raise CommandError(
            f"talking to a cluster needs the package {error.name}",
            remedy=f"run {from_checkout('cli')}",
            reason="NotInstalled",
        ) from error
    return kubernetes


def _merged(library: Any, access: Access) -> Any:
    """The files of the option, of KUBECONFIG or of the home folder, merged."""
    files = access.kubeconfig or os.environ.get("KUBECONFIG") or _DEFAULT_FILE
    merged = library.config.kube_config.KubeConfigMerger(files)
    if merged.config is None:
        raise CommandError(
            f"there is no kubeconfig at {files}",
            remedy="name one by --kubeconfig FILE or KUBECONFIG",
            reason="NoKubeconfig",
        )
    return merged


def _connection(library: Any, merged: Any, context: str, namespace: str | None) -> Connection:
    import urllib3

    loader = library.config.kube_config.KubeConfigLoader(
        merged.config,
        active_context=context,
        # None: paths in a kubeconfig are relative to the file that they stand in.
        config_base_path=None,
        config_persister=merged.save_changes,
    )
    settings = library.client.Configuration()
    settings.retries = False
    settings.keep_alive = True
    loader.load_and_set(settings)
    if not settings.verify_ssl:
        urllib3.disable_warnings()
    client = library.client.ApiClient(settings)
    chosen = loader.current_context["context"]
    for name, value in _impersonation(merged.config, chosen.get("user")).items():
        client.set_default_header(name, value)
    namespace = namespace or chosen.get("namespace") or _DEFAULT_NAMESPACE
    return Connection(
        client=client,
        context=context,
        namespace=namespace,
        no_answer=(library.client.ApiException, urllib3.exceptions.HTTPError),
    )


def _impersonation(config: Any, user_name: str | None) -> Mapping[str, str]:
    """Headers for `as` of the user's entry, which the library passes over.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation

    Raises:
        CommandError: The entry narrows the rights further than these headers can.
    """
    user = config["users"].get_with_name(user_name, safe=True) if user_name else None
    entry = (user.safe_get("user") if user else None) or {}
    for field in ("as-groups", "as-user-extra"):
        if entry.get(field):
            raise _broken(f"{field} of user {user_name} is not supported")
    headers = {"Impersonate-User": entry.get("as"), "Impersonate-Uid": entry.get("as-uid")}
    return {name: str(value) for name, value in headers.items() if value}


def _names(config: Any) -> list[str]:
    return [str(entry["name"]) for entry in config.safe_get("contexts") or []]


def _no_context(context: str | None, known: list[str]) -> CommandError:
    message = f"the kubeconfig has no context {context}" if context else "no context is chosen"
    return CommandError(
        message,
        remedy=f"name one by --context: {', '.join(known) or 'the kubeconfig has none'}",
        reason="NoContext",
    )


def _broken(said: str) -> CommandError:
    return CommandError(
        f"the kubeconfig cannot be used: {said}",
        remedy="kubectl config view shows what kubectl reads",
        reason="BadKubeconfig",
    )
