"""What a million store events cost on AWS: measured use, times a dated price list, plus what had to be assumed.

    invocation of hooks ──► one message ──► invocation of work, with a batch:
                                              lane 1  ██wait██ ██wait██      billed: the longest lane's waiting,
                                              lane 2  ████wait████           and everybody's processor time, which
                                              lane 3  ██wait██               shares one interpreter
"""

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from random import Random
from typing import Any, Final

from bench import Row, prices
from bench.road_pipeline import OF_LAMBDA, Bill, Busy
from chalicelib.working import LANES

_CONFIG = Path(__file__).parent.parent / ".chalice" / "config.json"
ARCHITECTURE: Final = "arm64"
"""As infra/README.md deploys. Processor time was measured on x86-64 and is taken to be the same."""
WHOLE_MB = 1769
"""The memory that comes with one whole processor ("Configure Lambda function memory", developer guide)."""
AWS_CALL_S, STORE_CALL_S = 0.005, 0.150
"""Assumed, not measured: one call of DynamoDB or SQS within a region, and one of a store's API."""
COLD, COLD_S = 0.01, 0.7
"""Assumed share of invocations that start a container, and how long each then bills (bench: cold_start.*)."""
LOG_BYTES, EMF_BYTES = 300, 350
"""Lambda's own START, END and REPORT lines, and our line of metrics, per invocation."""
OUT_BYTES, ASKED_BYTES = 400, 1500
"""Sent to the internet: an answer to a webhook, and a call of a store's API with its TLS, headers and query."""
BATCH = 10
"""Messages that Lambda hands over at once on a busy queue; on a quiet one it is one."""
CHANGING = 0.05
"""Assumed share of webhooks that make us change something at once. In the demonstration's replay of real orders
it is less: most lead to nothing, for lists and prices move with the nightly training."""
DRAWS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Of one event."""

    worker_s: float
    calls: float
    store_calls: float
    written: float
    read: float

    @property
    def waits_s(self) -> float:
        """Waiting of the worker; one call is the accepting path's, to SQS."""
        return self.store_calls * STORE_CALL_S + (self.calls - 1) * AWS_CALL_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How events come: what share changes something, how many a batch holds, of how many shops."""

    said: str
    changing: float = CHANGING
    batch: int = BATCH
    lanes: int = LANES
    """On which a batch is worked off: four for one shop, for ten shops ten."""
    unwrapped: float = 0.01
    """KMS calls per event: a container opens a shop's credentials again after an hour (chalicelib/adapters/kms.py)."""


LOADS = {
    "": Load(said="batches of ten events of one shop"),
    ".ten_shops": Load(said="batches of ten events of ten shops", lanes=BATCH),
    ".quiet_shops": Load(
        said="batches of one event, and of each shop one every ten minutes per container", batch=1, unwrapped=1 / 6
    ),
    ".rare_shops": Load(
        said="batches of one event, of a shop of which the container has not heard for an hour", batch=1, unwrapped=1.0
    ),
    ".nothing_changes": Load(said="batches of ten events of one shop", changing=0.0),
    ".all_change": Load(said="batches of ten events of one shop", changing=1.0),
}


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
    """The mix with its arithmetic, other ways for events to come, and both ends of the mix."""
    for name, load in LOADS.items():
        parts = _parts(still, moving, load, accept_s)
        note = "; ".join(f"{part} {1e6 * price:.2f} ({how})" for part, (price, how) in parts.items())
        assumed = f"{load.changing:.0%} of the events change something (assumed)"
        source = f"Prices of {prices.REGION}, {prices.AS_OF}; {ARCHITECTURE}; {load.said}; {assumed}"
        total = 1e6 * sum(price for price, _ in parts.values())
        yield Row(name=f"cost.usd_per_million_events{name}", value=total, unit="USD", note=f"{note}. {source}")


def waiting_s(still: Use, moving: Use, load: Load) -> float:
    """Expected seconds until the last lane of a batch is through, by drawing which of its events change something."""
    random, total = Random(1), 0.0
    short, long = still.waits_s, mixed(still, moving, 1.0).waits_s
    for _ in range(DRAWS):
        lanes = [0.0] * load.lanes
        for _ in range(load.batch):
            heapq.heapreplace(lanes, lanes[0] + (long if random.random() < load.changing else short))
        total += max(lanes)
    return total / DRAWS


def _parts(still: Use, moving: Use, load: Load, accept_s: float) -> dict[str, tuple[float, str]]:
    """What each service asks for one event, in US dollars, and how that was reckoned."""
    one, batch = mixed(still, moving, load.changing), load.batch
    invocations, requests = 1 + 1 / batch, 1 + 2 / batch
    out = OUT_BYTES + one.store_calls * ASKED_BYTES
    return {
        "function URL": (0.0, "no charge of its own"),
        "Lambda requests": (invocations * prices.LAMBDA_REQUEST, f"{invocations:.1f}"),
        **_lambda_time(one, waiting_s(still, moving, load), batch, accept_s),
        "SQS": (requests * prices.SQS_REQUEST, f"{requests:.1f} requests"),
        "DynamoDB": (
            one.read * prices.DYNAMODB_READ_UNIT + one.written * prices.DYNAMODB_WRITE_UNIT,
            f"{one.written:.2f} write and {one.read:.2f} read units",
        ),
        "KMS": (load.unwrapped * prices.KMS_REQUEST, f"{load.unwrapped:.2f} calls, assumed"),
        "logs": (
            invocations * (LOG_BYTES + EMF_BYTES) / 1e9 * prices.LOGS_GB,
            f"{invocations:.1f} x {LOG_BYTES + EMF_BYTES} bytes",
        ),
        "data out": (out / 1e9 * prices.DATA_OUT_GB, f"{out:.0f} bytes, assumed"),
    }  # fmt: skip


def _lambda_time(one: Use, waits_s: float, batch: int, accept_s: float) -> dict[str, tuple[float, str]]:
    """GB-seconds of both functions. Below ``WHOLE_MB`` a function has a share of a processor, and computes slower."""
    hooks_mb, work_mb = _memory_mb("hooks"), _memory_mb("work")
    accepting = accept_s * _slower(hooks_mb) + AWS_CALL_S
    computing = one.worker_s * _slower(work_mb)
    waiting = waits_s / batch
    cold = COLD * COLD_S
    return {
        "Lambda accept": (
            _billed(accepting, hooks_mb),
            f"{1000 * accept_s:.2f} ms measured x {_slower(hooks_mb):.1f} + {1000 * AWS_CALL_S:.0f} ms assumed for "
            f"SQS, at {hooks_mb} MB",
        ),
        "Lambda computing": (
            _billed(computing, work_mb),
            f"{1000 * one.worker_s:.2f} ms measured x {_slower(work_mb):.1f}, at {work_mb} MB",
        ),
        "Lambda waiting": (
            _billed(waiting, work_mb),
            f"{1000 * waiting:.0f} ms an event: a batch takes {1000 * waits_s:.0f} ms, for {one.store_calls:.2f} "
            f"store calls an event of an assumed {1000 * STORE_CALL_S:.0f} ms and {one.calls - 1:.1f} AWS calls of an "
            f"assumed {1000 * AWS_CALL_S:.0f} ms",
        ),
        "cold starts": (
            _billed(cold, hooks_mb) + _billed(cold / batch, work_mb),
            f"{COLD:.0%} of invocations x {COLD_S} s, assumed",
        ),
    }  # fmt: skip


def _billed(seconds: float, memory_mb: int) -> float:
    return seconds * memory_mb / 1024 * prices.LAMBDA_GB_SECOND[ARCHITECTURE]


def _slower(memory_mb: int) -> float:
    return max(1.0, WHOLE_MB / memory_mb)


def _memory_mb(function: str) -> int:
    config: dict[str, Any] = json.loads(_CONFIG.read_text("utf-8"))
    return int(config["stages"]["prod"]["lambda_functions"][function]["lambda_memory_size"])
