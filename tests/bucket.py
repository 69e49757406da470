"""A bucket on a real S3 server (moto) within this process: what `Store` says to it is what it says to any other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

NAMES = {"access_key_id": "k", "secret_access_key": "s", "region": "us-east-1"}


@dataclass(frozen=True)
class Bucket:
    """`options` as STORE_OPTIONS has them; `client` looks past the program at what lies there."""

    name: str
    options: dict[str, str]
    client: Any

    def url(self, prefix: str) -> str:
        return f"s3://{self.name}/{prefix}"

    def put(self, path: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=path, Body=data)

    def paths(self) -> list[str]:
        return [item["Key"] for item in self.client.list_objects_v2(Bucket=self.name).get("Contents", ())]


@contextmanager
def bucket(name: str = "archive") -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client(
            "s3", endpoint_url=endpoint, aws_access_key_id="k", aws_secret_access_key="s", region_name=NAMES["region"]
        )
        client.create_bucket(Bucket=name)
        yield Bucket(name, {**NAMES, "endpoint": endpoint}, client)
    finally:
        server.stop()
