"""What only S3 has: buckets, credentials, addresses, pages."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.awsrequest import AWSRequest

import s3_servers
from preference_api.v1alpha1.storage import Storage
from preference_trainer.errors import (
    ConfigurationError,
    StorageRefused,
    StorageUnavailable,
)
from preference_trainer.storage import Location, NotFound, open_location
from preference_trainer.storage.s3 import S3Store
from s3_servers import S3Server


def test_folder_markers_are_no_objects(s3: S3Server) -> None:
    bucket = s3.new_bucket()
    place = open_location(f"s3://{bucket}", s3.storage())
    s3.put(bucket, "folder/", b"")
    (place / "folder/x").write(b"1")
    assert [item.name for item in place.list()] == ["folder/x"]


def test_a_listing_goes_over_pages(s3_moto: S3Server) -> None:
    bucket = s3_moto.new_bucket()
    names = [f"{number:02}" for number in range(25)]
    for name in names:
        s3_moto.put(bucket, f"x/{name}", b"")
    page = s3_moto.client.list_objects_v2(Bucket=bucket, Prefix="x/")
    assert page["IsTruncated"]
    listed = open_location(f"s3://{bucket}/x", s3_moto.storage()).list()
    assert [item.name for item in listed] == names


OPERATIONS: dict[str, Callable[[Location], object]] = {
    "stat": Location.stat,
    "list": Location.list,
    "read": Location.read,
    "write": lambda place: place.write(b"x"),
    "upload": lambda place: place.upload(Path(__file__)),
    "delete": Location.delete,
}
operations = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())


@operations
def test_a_bucket_that_does_not_exist_is_named(
    s3: S3Server, operation: Callable[[Location], object]
) -> None:
    with pytest.raises(NotFound) as refusal:
        operation(open_location("s3://no-such-bucket/x", s3.storage()))
    assert refusal.value.reason == "NoSuchBucket"
    assert "no-such-bucket" in refusal.value.message
    assert "output.uri" in refusal.value.remedy


WRONG = {
    "unknown key": {"AWS_ACCESS_KEY_ID": "nobody"},
    "wrong secret": {"AWS_SECRET_ACCESS_KEY": "hunter2-hunter2"},
    "half": {"AWS_SECRET_ACCESS_KEY": ""},
    "none": {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
}


@pytest.mark.parametrize("variables", WRONG.values(), ids=WRONG.keys())
@operations
def test_wrong_credentials_are_told_from_missing_objects(
    s3_versitygw: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    operation: Callable[[Location], object],
    variables: dict[str, str],
) -> None:
    bucket = s3_versitygw.new_bucket()
    for name, value in variables.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    with pytest.raises(StorageRefused) as refusal:
        operation(open_location(f"s3://{bucket}/x", s3_versitygw.storage()))
    assert refusal.value.reason == "AccessDenied"
    assert f"s3://{bucket}/x" in refusal.value.message
    assert "storage.credentialsSecret" in refusal.value.remedy
    assert "AWS_ACCESS_KEY_ID" in refusal.value.remedy
    assert "hunter2" not in refusal.value.message


@operations
def test_a_server_that_is_not_there(
    s3_moto: S3Server, operation: Callable[[Location], object], no_waiting: None
) -> None:
    nowhere = s3_moto.storage(endpoint=f"http://127.0.0.1:{s3_servers.free_port()}")
    with pytest.raises(StorageUnavailable) as missing:
        operation(open_location("s3://some-bucket/x", nowhere))
    assert "s3://some-bucket/x" in missing.value.message
    assert "storage.endpoint" in missing.value.remedy


@pytest.mark.parametrize("bucket", ["", "A", "-a", "ab_c", "a" * 64])
def test_names_that_no_bucket_has(bucket: str) -> None:
    with pytest.raises(ConfigurationError, match="s3://"):
        open_location(f"s3://{bucket}/x", Storage())


ADDRESSES = [
    ({}, "https://pairs.s3.amazonaws.com/x"),
    ({"region": "eu-central-1"}, "https://pairs.s3.eu-central-1.amazonaws.com/x"),
    (
        {"addressing": "Path", "region": "eu-central-1"},
        "https://s3.eu-central-1.amazonaws.com/pairs/x",
    ),
    ({"endpoint": "http://10.0.0.1:9000"}, "http://10.0.0.1:9000/pairs/x"),
    ({"endpoint": "http://localhost:9000"}, "http://localhost:9000/pairs/x"),
    ({"endpoint": "http://minio.minio.svc:9000"}, "http://minio.minio.svc:9000/pairs/x"),
    ({"endpoint": "https://s3.test", "addressing": "Virtual"}, "https://pairs.s3.test/x"),
]


class Sent(Exception):
    pass


@pytest.mark.parametrize(("storage", "address"), ADDRESSES)
def test_the_form_of_an_address(s3_moto: S3Server, storage: dict[str, str], address: str) -> None:
    def intercept(request: AWSRequest, **_: object) -> None:
        raise Sent(request.url)

    place = open_location("s3://pairs/x", Storage.model_validate(storage))
    assert isinstance(place.store, S3Store)
    place.store.client.meta.events.register("before-send.s3", intercept)
    with pytest.raises(Sent, match=re.escape(address)):
        place.write(b"")
