"""Event files as TensorBoard itself reads them, straight from the bucket."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import jobs

Scalars = dict[str, list[tuple[int, float]]]


@contextmanager
def endpoint(world: jobs.World) -> Iterator[None]:
    """Where boto3, by which TensorBoard reads `s3://`, looks for the bucket."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", world.server.endpoint)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        # It would remember the credentials of the server before.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        yield


def loaded(world: jobs.World, run: str, series: str) -> EventAccumulator:
    """What TensorBoard knows of a series."""
    with endpoint(world):
        found = EventAccumulator(f"s3://{world.bucket}/{run}/tensorboard/{series}")
        return found.Reload()


def scalars(world: jobs.World, run: str, series: str = "preference") -> Scalars:
    """Steps and values of every scalar."""
    found = loaded(world, run, series)
    return {
        tag: [(event.step, event.value) for event in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }


def text(world: jobs.World, run: str, series: str = "preference") -> str:
    """The text that leads a series."""
    (event,) = loaded(world, run, series).Tensors("run/text_summary")
    return str(event.tensor_proto.string_val[0].decode())
