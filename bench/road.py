"""The road itself: accepting, starting cold, the pipeline, and what a million events cost on AWS."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from bench import Row, road_accept, road_cost
from bench.road_accept import Pace
from bench.road_pipeline import OF_LAMBDA, Bill, Busy, busy, on_aws, open_stage, save, sell
from chalicelib.domain.catalogue import Product
from sandbox.bazaar import Stall

ROOT = Path(__file__).parent.parent
STARTS = 9
SAVES, SAVES_ON_AWS = 1200, 50
MANY = 1000
HAPPENINGS = {"moving": save, "still": sell}
"""Every second event changes something; none does."""


def rows() -> Iterator[Row]:
    """Every figure of the road."""
    accepted = list(road_accept.measure())
    yield from _accepting(accepted)
    yield from _cold()
    memory = {name: busy(open_stage(1), SAVES, happen) for name, happen in HAPPENINGS.items()}
    yield from _speed(memory)
    moto = {name: _on_aws(happen) for name, happen in HAPPENINGS.items()}
    yield from (_calls(name, *moto[name]) for name in HAPPENINGS)
    uses = {name: road_cost.use(*moto[name], memory[name]) for name in HAPPENINGS}
    accept_s = max(one.ours_ms for one in accepted if one.door == "url") / 1000
    yield from road_cost.figures(uses["still"], uses["moving"], accept_s)


def _accepting(found: Sequence[Pace]) -> Iterator[Row]:
    for one in found:
        door = "" if one.door == "rest" else f"{one.door}."
        yield Row(
            name=f"accept.ratio_to_bare_chalice.{door}{one.topic.replace('/', '_')}", value=one.ratio, unit="times",
            peer="bare Chalice", peer_value=1.0, ratio=one.ratio,
            note=f"{DOORS[one.door]}: ours {one.ours_ms:.4f} ms, bare {one.bare_ms:.4f} ms; median of "
            f"{road_accept.ROUNDS} paired calls, in process, queue stubbed, metrics printed into memory",
        )  # fmt: skip
    worst = max((one for one in found if one.door == "rest"), key=lambda one: one.ratio)
    yield Row(
        name="accept.ratio_to_bare_chalice", value=worst.ratio, unit="times", peer="bare Chalice", peer_value=1.0,
        ratio=worst.ratio, note=f"the larger of both topics by a Chalice route, like for like: {worst.topic}; bare "
        "checks the HMAC and parses the JSON, no more",
    )  # fmt: skip


DOORS = {"rest": "both by a Chalice route", "url": "ours by the function URL that stores are given, bare by a route"}


def _cold() -> Iterator[Row]:
    """A new interpreter until the handler could take its first event; no AWS call is made."""
    programs = {
        "bare": "pass",
        "accept": "import app; app.mouth()",
        "worker": "import app; from chalicelib import working; app.services()",
    }
    spent: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(STARTS):
        for name, program in programs.items():
            spent[name].append(_started(program))
    bare = 1000 * median(spent.pop("bare"))
    for name, seconds in spent.items():
        value = 1000 * median(seconds)
        yield Row(
            name=f"cold_import.{name}_ms", value=value, unit="ms", peer="bare interpreter", peer_value=bare,
            ratio=value / bare, note=f"processor time of the process, median of {STARTS} starts, bytecode cached",
        )  # fmt: skip


def _started(program: str) -> float:
    """Processor seconds of a whole process: on a busy machine the clock on the wall says little."""
    environment = {**os.environ, **road_accept.environment()}
    before = os.times()
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def _speed(memory: Mapping[str, Busy]) -> Iterator[Row]:
    one = memory["moving"]
    yield Row(
        name="pipeline.events_per_second", value=one.per_second, unit="events/s",
        note=f"{one.messages} signed webhooks accepted and worked off by one worker on memory adapters, per second of "
        f"processor time: half are applied, half are echoes of our own writes; {_beside()}",
    )  # fmt: skip
    still = memory["still"]
    yield Row(
        name="pipeline.events_per_second.nothing_changes", value=still.per_second, unit="events/s",
        note=f"the same with {still.messages} webhooks after which nothing needs deciding; {_beside()}",
    )  # fmt: skip
    begin = time.process_time()
    stage = open_stage(MANY)
    opened = time.process_time() - begin
    many = busy(stage, SAVES)
    yield Row(
        name=f"pipeline.events_per_second.{MANY}_shops", value=many.per_second, unit="events/s", peer="one shop",
        peer_value=one.per_second, ratio=many.per_second / one.per_second,
        note=f"as many saves, spread over {MANY} shops that took {opened:.1f} s of processor time to connect; "
        f"{_beside()}",
    )  # fmt: skip


def _beside() -> str:
    """A busy machine takes more processor time for the same work: caches and memory are shared."""
    return f"load average {os.getloadavg()[0]:.0f} on {os.cpu_count()} processors"


def _on_aws(happen: Callable[[Stall, Product], None]) -> tuple[Bill, Busy]:
    with on_aws() as (lay, bill):
        stage = open_stage(1, lay)
        bill.clear()
        return bill, busy(stage, SAVES_ON_AWS, happen)


def _calls(name: str, bill: Bill, work: Busy) -> Row:
    made = {name: count / work.messages for name, count in bill.calls.items() if name not in OF_LAMBDA}
    told = ", ".join(f"{name} {count:.2f}" for name, count in sorted(made.items(), key=lambda one: -one[1]))
    kind = "half applied, half unchanged" if name == "moving" else "all unchanged"
    return Row(
        name="aws_calls_per_event" + ("" if name == "moving" else ".nothing_changes"), value=sum(made.values()),
        unit="calls", note=f"{told}; {work.messages} events on moto, {kind}; what Lambda's event source does itself "
        "(receive, delete) is not in it",
    )  # fmt: skip
