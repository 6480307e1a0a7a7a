"""What a million store events cost on AWS: measured use, times a dated price list, plus what had to be assumed."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

from bench import Row, prices
from bench.road_pipeline import OF_LAMBDA, Bill, Busy

WORKER_GB, ACCEPT_GB = 1769 / 1024, 1.0
"""As .chalice/config.json gives them."""
ARCHITECTURE: Final = "x86_64"
AWS_CALL_S, STORE_CALL_S = 0.005, 0.150
"""Assumed, not measured: one call of DynamoDB or SQS within a region, and one of a store's API."""
LOG_BYTES, EMF_BYTES = 300, 350
"""Lambda's own START, END and REPORT lines, and our line of metrics, per invocation."""
BATCH = 10
"""Messages that Lambda hands over at once on a busy queue; on a quiet one it is one."""
CHANGING = 0.05
"""Assumed share of webhooks that make us change something at once. In the demonstration's replay of real orders
it is less: most lead to nothing, for lists and prices move with the nightly training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Of one event."""

    worker_s: float
    calls: float
    store_calls: float
    written: float
    read: float


def use(bill: Bill, on_moto: Busy, in_memory: Busy) -> Use:
    """What one event of a stretch used: processor time without AWS's stand-in, the rest with it."""
    calls = sum(count for name, count in bill.calls.items() if name not in OF_LAMBDA)
    each = 1 / on_moto.messages
    return Use(
        worker_s=in_memory.seconds / in_memory.messages, calls=calls * each, store_calls=on_moto.store_calls * each,
        written=bill.written * each, read=bill.read * each,
    )  # fmt: skip


def mixed(still: Use, moving: Use, share: float) -> Use:
    """``share`` of the events change something, where half of ``moving``'s did and the rest was like ``still``."""
    weight = 2 * share
    pairs = {f.name: (getattr(still, f.name), getattr(moving, f.name)) for f in fields(Use)}
    return Use(**{name: (1 - weight) * a + weight * b for name, (a, b) in pairs.items()})


def figures(still: Use, moving: Use, accept_s: float) -> Iterator[Row]:
    """The mix with its arithmetic, the same without waiting for stores, and both ends of the mix."""
    mix = mixed(still, moving, CHANGING)
    said = f"{CHANGING:.0%} of the events change something (assumed), the others nothing"
    yield _row("cost.usd_per_million_events", _parts(mix, accept_s), said)
    yield _row("cost.usd_per_million_events.without_store_wait", _parts(mix, accept_s, wait=False), said)
    yield _row("cost.usd_per_million_events.nothing_changes", _parts(still, accept_s), "no event changes anything")
    yield _row("cost.usd_per_million_events.all_change", _parts(mixed(still, moving, 1.0), accept_s), "every one does")


def _row(name: str, parts: dict[str, tuple[float, str]], said: str) -> Row:
    note = "; ".join(f"{part} {1e6 * price:.2f} ({how})" for part, (price, how) in parts.items())
    source = f"Prices of {prices.REGION}, {prices.AS_OF}; batches of {BATCH}; {said}"
    return Row(name=name, value=1e6 * sum(price for price, _ in parts.values()), unit="USD", note=f"{note}. {source}")


def _parts(one: Use, accept_s: float, *, wait: bool = True) -> dict[str, tuple[float, str]]:
    """What each service asks for one event, in US dollars, and how that was reckoned."""
    gb_second = prices.LAMBDA_GB_SECOND[ARCHITECTURE]
    invocations, requests = 1 + 1 / BATCH, 1 + 2 / BATCH
    accepting = accept_s + AWS_CALL_S
    working = one.worker_s + (one.calls - 1) * AWS_CALL_S  # one call is the accepting path's, to SQS
    aws_ms, store_ms = 1000 * AWS_CALL_S, 1000 * STORE_CALL_S
    parts = {
        "API Gateway": (prices.REST_API_REQUEST, "1 REST request"),
        "Lambda requests": (invocations * prices.LAMBDA_REQUEST, f"{invocations:.1f}"),
        "Lambda accept": (
            accepting * ACCEPT_GB * gb_second,
            f"{1000 * accept_s:.2f} ms measured + {aws_ms:.0f} ms assumed for SQS, at {ACCEPT_GB:.0f} GB",
        ),
        "Lambda work": (
            working * WORKER_GB * gb_second,
            f"{1000 * one.worker_s:.2f} ms measured + {one.calls - 1:.1f} calls of an assumed {aws_ms:.0f} ms, "
            f"at {WORKER_GB:.2f} GB",
        ),
        "SQS": (requests * prices.SQS_REQUEST, f"{requests:.1f} requests"),
        "DynamoDB": (
            one.read * prices.DYNAMODB_READ_UNIT + one.written * prices.DYNAMODB_WRITE_UNIT,
            f"{one.written:.2f} write and {one.read:.2f} read units",
        ),
        "logs": (
            invocations * (LOG_BYTES + EMF_BYTES) / 1e9 * prices.LOGS_GB,
            f"{invocations:.1f} x {LOG_BYTES + EMF_BYTES} bytes",
        ),
    }
    if wait:
        waiting = one.store_calls * STORE_CALL_S * WORKER_GB * gb_second
        parts["waiting for stores"] = (waiting, f"{one.store_calls:.2f} calls of an assumed {store_ms:.0f} ms")
    return parts
