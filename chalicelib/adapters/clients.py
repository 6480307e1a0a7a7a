"""Makes the AWS clients: every one with its own timeouts and retries, none before it is needed.

botocore is used without boto3's resource layer: half the import, and no module-level session.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from chalicelib.adapters.ses import MailClient

PATIENCE = {
    # service: (connect seconds, read seconds, attempts). The queue's worst case, backoff included, stays
    # under the five seconds after which a marketplace gives up on a webhook.
    "sqs": (0.5, 1.2, 2),
    "dynamodb": (1.0, 2.5, 4),
    "kms": (1.0, 3.0, 3),
    "s3": (2.0, 20.0, 4),
    "ses": (2.0, 10.0, 2),
}


class Clients:
    """AWS as one deployment sees it; ``endpoint_url`` points all of it at another place (the sandbox)."""

    def __init__(
        self, *, region: str, endpoint_url: str | None = None, connections: int = 20, patience: float = 1.0
    ) -> None:
        """``patience`` stretches every timeout: a stand-in on a busy machine is slow, and nobody waits for it."""
        self._region = region
        self._endpoint_url = endpoint_url
        self._connections = connections
        self._patience = patience
        self._session = Session()

    def watch(self, seen: Callable[[str], None]) -> None:
        """Tell ``seen`` the name of every call before it is made; for counting what an event costs."""
        self._session.register("before-call", lambda **told: seen(told["model"].name))

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self._make("dynamodb")  # type: ignore[no-any-return]

    @cached_property
    def sqs(self) -> "SQSClient":
        return self._make("sqs")  # type: ignore[no-any-return]

    @cached_property
    def s3(self) -> "S3Client":
        return self._make("s3")  # type: ignore[no-any-return]

    @cached_property
    def kms(self) -> "KMSClient":
        return self._make("kms")  # type: ignore[no-any-return]

    @cached_property
    def ses(self) -> "MailClient":
        return self._make("ses")  # type: ignore[no-any-return]

    def _make(self, service: str) -> Any:
        connect, read, attempts = PATIENCE[service]
        config = Config(
            connect_timeout=connect * self._patience,
            read_timeout=read * self._patience,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=self._connections,
            # A sandbox has one host name; virtual hosts would need one per bucket.
            s3={"addressing_style": "path"} if self._endpoint_url else None,
        )
        return self._session.create_client(
            service, region_name=self._region, endpoint_url=self._endpoint_url, config=config
        )
