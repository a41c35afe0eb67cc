"""What a cluster offers for the completion of a command line."""

import argparse
from collections.abc import Mapping, Sequence

from preference_cli.cluster.api import Cluster
from preference_cli.cluster.job import read_job
from preference_cli.cluster.kubeconfig import connect, contexts
from preference_cli.cluster.options import access, add_cluster_arguments
from preference_cli.complete import Candidates, Source
from preference_cli.errors import CommandError


def _jobs(words: Sequence[str]) -> Candidates:
    jobs = map(read_job, _cluster(words).jobs())
    return {job.name: f"{job.spec.get('method', '')} {job.state}" for job in jobs}


def _runs(words: Sequence[str]) -> Candidates:
    """The finished runs of the job that the line names."""
    named = (job for job in map(read_job, _cluster(words).jobs()) if job.name in words)
    history = (entry for job in named for entry in job.status.history or () if entry.run_id)
    return {entry.run_id: f"number {entry.number}, {entry.reason}" for entry in history}


def _namespaces(words: Sequence[str]) -> Candidates:
    names = (wire["metadata"]["name"] for wire in _cluster(words).namespaces())
    return dict.fromkeys(names, "")


def _contexts(words: Sequence[str]) -> Candidates:
    return dict.fromkeys(contexts(access(_options(words))), "")


def _quiet(source: Source) -> Source:
    """Whoever completes a line is not told why there is nothing to offer."""

    def offer(words: Sequence[str]) -> Candidates:
        try:
            return source(words)
        except CommandError:
            return {}

    return offer


SOURCES: Mapping[str, Source] = {
    "NAME": _quiet(_jobs),
    "NAME|FILE": _quiet(_jobs),
    "NAME|FILE|RUN|URI": _quiet(_jobs),
    "RUN": _quiet(_runs),
    "NAMESPACE": _quiet(_namespaces),
    "CONTEXT": _quiet(_contexts),
}
"""Candidates by the metavar of what they are for."""


def _cluster(words: Sequence[str]) -> Cluster:
    return Cluster(connect(access(_options(words))))


def _options(words: Sequence[str]) -> argparse.Namespace:
    """The options for a cluster among the words; one that waits for its value is left out."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_cluster_arguments(parser)
    waits = bool(words) and words[-1] in parser._option_string_actions
    return parser.parse_known_args(words[:-1] if waits else words)[0]
