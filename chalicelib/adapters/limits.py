"""What AWS allows at most; the memory adapters keep to it too, so that tests meet the same walls.

Sources: "Quotas" in the developer guides of Amazon DynamoDB and Amazon SQS.
"""

from datetime import timedelta

TRANSACTION_WRITES = 100
BATCH_READS = 100
BATCH_WRITES = 25
ITEM_BYTES = 390_000
"""Of DynamoDB's 400 kB for the body, the rest for keys and attributes."""

SEND_DELAY = timedelta(minutes=15)
VISIBILITY = timedelta(hours=12)
MESSAGE_BYTES = 262_144
"""The older limit of SQS; queues made since 2025 take 1 MiB, but not everywhere."""

TAKE = 10


def check_delay(delay: timedelta, most: timedelta) -> int:
    """Whole seconds of a delay. Raises ValueError outside what the queue can do."""
    if not timedelta(0) <= delay <= most:
        raise ValueError(f"a delay of {delay} is outside 0 to {most}; keep the rest in the message")
    return -(-delay // timedelta(seconds=1))


def check_message(body: str) -> None:
    """Raises ValueError for a body the queue would refuse."""
    size = len(body.encode("utf-8", "surrogatepass"))
    if not 0 < size <= MESSAGE_BYTES:
        raise ValueError(
            f"a message of {size} bytes; between 1 and {MESSAGE_BYTES} fit, store it and send its key"
        )
