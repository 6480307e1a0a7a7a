"""What a page costs with ten thousand proposals waiting: server time, storage calls, bytes over the wire."""

import gzip
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench import Row
from chalicelib import applying
from chalicelib.contracts import RawRequest
from chalicelib.domain.actions import SetRecommendations, Slot, Snapshot
from chalicelib.domain.evidence import Card, ProductCards, Reason
from chalicelib.domain.ids import EventId, FunctionName, ProductId, ProposalId, ShopId
from chalicelib.domain.proposals import ModelVersion, Proposal
from chalicelib.domain.shop import Mode
from chalicelib.services import Services
from chalicelib.web import session
from chalicelib.web.routes import respond
from functions import FUNCTIONS
from sandbox.rehearsal.stage import Play, Stage

WAITING = 10_000
LISTS = FunctionName("recommendations")
OPERATOR = "operator@tradewind.example"
REPEATS = 9
MOST_BYTES = 100_000
"""What a page may weigh, compressed."""


def rows() -> Iterator[Row]:
    """Every page of one shop, the median of some visits each."""
    stage, shop = _open()
    services = replace(stage.services, settings=replace(stage.services.settings, operators=(OPERATOR,)))
    for name, path, query in _pages(services, shop):
        request = _request(services, path, query)
        yield from _measured(stage, services, name, request)


def _open() -> tuple[Stage, ShopId]:
    """A shop whose functions were off until it held the proposals."""
    stage = Stage(Play(seed=1, shops=1, products=WAITING), functions=FUNCTIONS)
    stage.open_shops(dict.fromkeys(FUNCTIONS, Mode.OFF))
    (found,) = stage.services.shops.all()
    shop, policy = stage.services.shops.with_policy(found[0])
    policy = replace(policy, modes=dict.fromkeys(FUNCTIONS, Mode.PROPOSE))
    stage.services.shops.save_policy(shop.id, policy)
    client = stage.services.open_store(shop)
    goods = sorted(one.id for one in stage.services.catalogue.all(shop.id))
    for number in range(WAITING):
        one = _proposal(stage, shop.id, number, goods)
        held = client.read([one.action])[one.target]
        applying.settle(stage.services, shop, policy, client, [replace(one, before=held)], {})
    return stage, shop.id


def _proposal(stage: Stage, shop: ShopId, number: int, goods: Sequence[ProductId]) -> Proposal:
    """A list of four neighbours beside one product."""
    picks = tuple(goods[(number + step) % len(goods)] for step in range(1, 5))
    reason = Reason(text="Bought together in {count} of {total} orders", values=(("count", "14"), ("total", "60")))
    cards = tuple(Card(product_id=one, title=f"Product {one}", reason=reason, score=0.9) for one in picks)
    return Proposal(
        id=ProposalId(f"p{number:06}"), shop_id=shop, function=LISTS, title=f"Product {number}",
        action=SetRecommendations(product_id=goods[number], slot=Slot.RELATED, product_ids=picks),
        before=Snapshot(value=(), read_at=stage.services.clock.now()), reasons=(reason,),
        evidence=(ProductCards(title="Products", cards=cards),), confidence=0.8, worth=float(number % 97),
        model=ModelVersion("neighbours", "1", "abcdef12"), created_at=stage.services.clock.now(),
        event_id=EventId(f"e{number}"),
    )  # fmt: skip


def _pages(services: Services, shop: ShopId) -> Iterator[tuple[str, str, dict[str, str]]]:
    first = next(services.proposals.waiting(shop, LISTS, limit=1))
    tab = {"function": str(LISTS)}
    yield "home", f"/s/{shop}", {}
    yield "review", f"/s/{shop}/review", tab
    yield "review.filtered", f"/s/{shop}/review", {**tab, "q": "Product 12", "sort": "newest"}
    yield "detail", f"/s/{shop}/proposals/{first.id}", {}
    yield "settings", f"/s/{shop}/settings/{LISTS}", {}
    yield "activity", f"/s/{shop}/activity", {}
    yield "insights", f"/s/{shop}/insights", {}
    yield "shops", "/shops", {}


def _request(services: Services, path: str, query: dict[str, str]) -> RawRequest:
    line = session.begin(services.settings, OPERATOR, services.clock.now())
    headers = {"cookie": line.partition(";")[0], "accept-language": "en"}
    return RawRequest(method="GET", path=path, headers=headers, query=query, body=b"")


def _measured(stage: Stage, services: Services, name: str, request: RawRequest) -> Iterator[Row]:
    times, calls = [], Counter[str]()
    stage.hook = lambda call: calls.update((call,)) if call.endswith(" done") else None
    for _ in range(REPEATS):
        calls.clear()
        begin = time.process_time()
        answer = respond(services, request)
        times.append(1000 * (time.process_time() - begin))
        if answer.status != 200:
            raise RuntimeError(f"{request.path} answered {answer.status}")
    stage.hook = None
    body = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
    said = ", ".join(f"{call.removesuffix(' done')} {count}" for call, count in sorted(calls.items()))
    note = f"median of {REPEATS}, processor time, memory adapters, {WAITING:,} proposals waiting"
    yield Row(name=f"pages.{name}.server_ms", value=statistics.median(times), unit="ms", note=note)
    yield Row(name=f"pages.{name}.storage_calls", value=sum(calls.values()), unit="calls", note=said)
    packed = len(gzip.compress(body, 6))
    yield Row(
        name=f"pages.{name}.compressed_kb", value=packed / 1000, unit="kB", peer="the limit",
        peer_value=MOST_BYTES / 1000, ratio=packed / MOST_BYTES, note="the page alone, gzip 6",
    )  # fmt: skip
