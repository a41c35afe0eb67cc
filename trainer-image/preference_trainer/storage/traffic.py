"""Counting what goes to S3 and comes from it, at the events of botocore's client."""

from dataclasses import dataclass
from typing import Any

from preference_trainer.metrics import Metrics
from preference_trainer.metrics.series import S3_BYTES, S3_REQUESTS, S3_RETRIES

_SENDING = ("PutObject", "UploadPart")
_NO_ANSWER = "error"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the client of a bucket sends and gets."""

    metrics: Metrics

    def watch(self, client: Any) -> None:
        """Count every request of a client, whoever makes it and however often.

        The events are those of
        https://docs.aws.amazon.com/boto3/latest/guide/events.html; each attempt at a request has
        its own.
        """
        for direction in ("in", "out"):
            self.metrics.add(S3_BYTES, 0, direction=direction)
        self.metrics.add(S3_RETRIES, 0)
        client.meta.events.register("before-send.s3", self._sends)
        client.meta.events.register("response-received.s3", self._answered)

    def received(self, count: int) -> None:
        """Count bytes of an object that were read."""
        self.metrics.add(S3_BYTES, count, direction="in")

    def repeats(self) -> None:
        """Count a request that is made again because its answer broke off."""
        self.metrics.add(S3_RETRIES)

    def _sends(self, *, request: Any, event_name: str, **_kwargs: Any) -> None:
        if _operation(event_name) in _SENDING:
            # A body whose checksum follows it is longer than the object.
            headers = request.headers
            size = headers.get("X-Amz-Decoded-Content-Length", headers.get("Content-Length", 0))
            self.metrics.add(S3_BYTES, int(size), direction="out")

    def _answered(
        self, *, response_dict: Any, context: Any, event_name: str, **_kwargs: Any
    ) -> None:
        code = str(response_dict["status_code"]) if response_dict else _NO_ANSWER
        self.metrics.add(S3_REQUESTS, op=_operation(event_name), code=code)
        if context["retries"]["attempt"] > 1:
            self.metrics.add(S3_RETRIES)


def _operation(event_name: str) -> str:
    return event_name.rpartition(".")[2]
