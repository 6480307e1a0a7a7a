"""A small shop to reprice: builders that tests fill in where they care."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from chalicelib.contracts import Artifact, Context, History, Material
from chalicelib.domain.actions import SetPrice, Snapshot
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.events import Schedule, StoreEvent
from chalicelib.domain.ids import EventId, FunctionName, ProductId, ProposalId, ShopId, VariantId
from chalicelib.domain.money import Money, decimals
from chalicelib.domain.proposals import RULES, Proposal
from chalicelib.domain.shop import Mode, Policy, PriceLimits, Shop
from chalicelib.guardrails import PricePoint, Situation
from chalicelib.inference import Loaded
from functions.repricing.knowledge import read_knowledge, write_knowledge
from functions.repricing.propose import FUNCTION
from functions.repricing.train import train
from sandbox.rehearsal.stage import Play, Stage

NOW = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
SHOP = Shop(id=ShopId("sandbox:shop"), marketplace="sandbox", name="Shop", endpoint="", currency="EUR")
PRODUCT, VARIANT = ProductId("p0"), VariantId("v0")
WEEK = 7 * 86_400


def money(amount: str, currency: str = "EUR") -> Money:
    return Money.parse(amount, currency)


def variant(number: int = 0, price: str = "20.00", cost: str | None = "12.00", currency: str = "EUR") -> Variant:
    return Variant(
        id=VariantId(f"v{number}"),
        price=money(price, currency),
        cost=None if cost is None else money(cost, currency),
        stock=500,
    )


def product(number: int = 0, one: Variant | None = None, **fields: Any) -> Product:
    return replace(
        Product(
            id=ProductId(f"p{number}"),
            handle=f"p{number}",
            title=f"Product {number}",
            updated_at=NOW,
            status=ProductStatus.PUBLISHED,
            variants=(one or variant(number),),
        ),
        **fields,
    )


def held(price: str, currency: str = "EUR", compare_at: str | None = None) -> Snapshot:
    return Snapshot(value={"price": price, "compare_at": compare_at, "currency": currency}, read_at=NOW)


def proposal(price: str, *, current: str = "20.00", currency: str = "EUR", compare_at: str | None = None) -> Proposal:
    action = SetPrice(
        product_id=PRODUCT,
        variant_id=VARIANT,
        price=money(price, currency),
        compare_at=None if compare_at is None else money(compare_at, currency),
    )
    return Proposal(
        id=ProposalId("1"),
        shop_id=SHOP.id,
        function=FunctionName("repricing"),
        action=action,
        before=held(current, currency),
        reasons=(),
        confidence=0.9,
        model=RULES,
        created_at=NOW,
    )


def situation(
    *,
    current: str = "20.00",
    limits: PriceLimits | None = None,
    goods: Product | None = None,
    history: Sequence[PricePoint] = (),
    shop: Shop = SHOP,
    **fields: Any,
) -> Situation:
    goods = goods or product()
    return replace(
        Situation(
            shop=shop,
            policy=Policy(prices=limits or PriceLimits()),
            now=NOW,
            current=held(current, shop.currency),
            catalogue={goods.id: goods},
            price_history=history,
        ),
        **fields,
    )


def point(days_ago: float, price: str, *, ours: bool = False, currency: str = "EUR") -> PricePoint:
    return PricePoint(variant_id=VARIANT, at=NOW - timedelta(days=days_ago), price=money(price, currency), ours=ours)


def history(
    products: int = 12, weeks: int = 40, *, flat: bool = False, currency: str = "EUR", seed: int = 1
) -> History:
    """Order lines of products with an elasticity of about -2.5, promoted now and then."""
    rng = np.random.default_rng(seed)
    minor = 10 ** decimals(currency)
    lines: list[tuple[int, int, int, int]] = []
    for week in range(weeks):
        for number in range(products):
            ratio = 1.0 if flat or rng.uniform() > 0.25 else rng.choice([0.8, 0.9, 1.1])
            units = rng.poisson(12 * ratio**-2.5)
            at = int(NOW.timestamp()) // WEEK * WEEK - (weeks - week) * WEEK + 3600 + number
            lines += [(at, number, 1, round(20 * ratio * minor))] * int(units)
    lines.append((int(NOW.timestamp()), 0, 1, 20 * minor))
    moments, numbers, quantity, price = (np.array(column) for column in zip(*sorted(lines), strict=True))
    return History(
        order=np.arange(len(moments)),
        at=moments,
        customer=np.full(len(moments), -1, np.int32),
        product=numbers.astype(np.int32),
        quantity=quantity.astype(np.int32),
        unit_price_minor=price,
        country=np.full(len(moments), -1, np.int16),
        variant=numbers.astype(np.int32),
        products=[f"p{i}" for i in range(products)],
        variants=[f"v{i}" for i in range(products)],
        countries=(),
        currency=currency,
    )


def catalogue(products: int = 12) -> Mapping[ProductId, Product]:
    return {ProductId(f"p{i}"): product(i, variant(i, cost="13.50")) for i in range(products)}


@cache
def artifact(*, flat: bool = False) -> Artifact:
    material = Material(
        shop=SHOP,
        policy=Policy(),
        now=NOW,
        history=history(flat=flat),
        catalogue=catalogue(),
    )
    return train(material, lambda _line: None)[0]


@cache
def loaded(supply: float = np.inf) -> Loaded:
    """The model in a real session, as if every shelf had been seen empty at so many units a week."""
    made = artifact()
    known = read_knowledge(made.assets)
    limited = replace(known, supply=np.full(len(known.variants), supply))
    return Loaded(made.graph, made.card, write_knowledge(limited))


def context(limits: PriceLimits | None = None, goods: Mapping[ProductId, Product] | None = None) -> Context:
    """A nightly run, with the store holding what the catalogue says."""
    goods = catalogue() if goods is None else goods
    probes = [
        SetPrice(product_id=one.id, variant_id=form.id, price=money("1"))
        for one in goods.values()
        for form in one.variants
    ]
    prices = {form.id: form.price for one in goods.values() for form in one.variants}
    return Context(
        shop=SHOP,
        policy=Policy(prices=limits or PriceLimits()),
        now=NOW,
        catalogue=goods,
        event=StoreEvent(
            id=EventId("e"),
            shop_id=SHOP.id,
            kind=Schedule.PROPOSE,
            resource="",
            occurred_at=NOW,
            received_at=NOW,
            delivery="d",
        ),
        snapshots={probe.target: _held(prices[probe.variant_id]) for probe in probes},
    )


def _held(price: Money | None) -> Snapshot:
    return held(str((price or money("1")).amount), (price or money("1")).currency)


LIMITS = PriceLimits(max_step_pct=Decimal(5), min_margin_pct=Decimal(10))


def open_stage(mode: Mode) -> Stage:
    """One shop whose prices are far above what its buyers would pay most for, and a trained model."""
    stage = Stage(play=Play(seed=1, shops=1, products=0), functions={FUNCTION.name: FUNCTION})
    stage.open_shops({FUNCTION.name: mode})
    for number in range(12):
        goods = replace(product(number, variant(number, cost="6.00")), updated_at=stage.clock.now())
        stage.bazaar.stalls["stall0"].put_product(goods)
    stage.settle()
    stage.services.artifacts.publish(stage.shops[0], artifact())
    return stage
