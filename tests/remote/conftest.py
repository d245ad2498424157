"""An object store on loopback: moto's S3, which s3fs talks to as to any other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest

BUCKET = "films-of-tests"


@dataclass(frozen=True)
class Store:
    """The store; `client` is boto3's, which writes what fsspec would not."""

    client: Any
    endpoint: str

    def put(self, **objects: bytes) -> None:
        """Write objects into the bucket by their keys."""
        for key, body in objects.items():
            self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def keys(self, prefix: str = "") -> set[str]:
        """Return all keys below `prefix`, relative to it."""
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {item["Key"].removeprefix(prefix) for item in found}

    def url(self, key: str) -> str:
        """Return the URL of a key."""
        return f"s3://{BUCKET}/{key}"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Give an empty store, to which all s3:// URLs of this process lead."""
    boto3 = pytest.importorskip("boto3")
    s3fs = pytest.importorskip("s3fs")
    threaded = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = threaded.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "tests",
                        "AWS_SECRET_ACCESS_KEY": "tests", "AWS_DEFAULT_REGION": "us-east-1",
                        "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    # What moto holds is the process's, so a server before this one has left its objects.
    urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    try:
        yield Store(client, f"http://{host}:{port}")
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        server.stop()
