"""Large objects in one S3 bucket."""

from collections.abc import Iterator, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.adapters.failures import code_of, told_apart
from chalicelib.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DELETE_BATCH = 1000
"""DeleteObjects takes so many (Amazon S3 API reference)."""


class S3Blobs:
    """Large objects by name; reads after writes are consistent, as S3 promises since 2020."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, name: str) -> bytes | None:
        with told_apart("reading a blob"):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
            except ClientError as error:
                if code_of(error) != "NoSuchKey":
                    raise
                return None

    def put(self, name: str, data: bytes) -> None:
        with told_apart("writing a blob"):
            self._client.put_object(Bucket=self._bucket, Key=name, Body=data)

    def list(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with told_apart("listing blobs"):
            for page in pages:
                yield from (found["Key"] for found in page.get("Contents", ()))

    def delete(self, names: Sequence[str]) -> None:
        for batch in batched(names, DELETE_BATCH):
            with told_apart("deleting blobs"):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": name} for name in batch], "Quiet": True}
                )
            if failed := answer.get("Errors"):
                raise Retryable(detail=f"deleting blobs: {len(failed)} of {len(batch)} stayed")
