"""A year of orders of six shops, in time order, with labels that arrive late.

months 1-8   training        (without the kept attacks)
month  9     validation      (without the kept attacks)
months 10-12 the last look   (every attack, the kept ones among them, and attackers who adapt)
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from sandbox.orders.attacks import CAMPAIGNS, KEPT_ATTACKS, PER_MONTH
from sandbox.orders.buyers import Buyer, honest_order, make_buyer
from sandbox.orders.records import OrderRecord, redact
from sandbox.orders.world import SHOPS, ShopKind

START = datetime(2025, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
MONTHS = 12
TRAIN_END = START + 8 * MONTH
VALIDATION_END = START + 9 * MONTH
SALES_DAYS = (19, 120, 180, 331, 334)
"""Days of the year with four times the orders, most of them first orders."""


def month_of(at: datetime) -> int:
    """1 for the first thirty days, 12 for the last."""
    return min(int((at - START) / MONTH) + 1, MONTHS)


def _honest(
    rng: np.random.Generator, shop: ShopKind, buyers: list[Buyer], scale: float
) -> Iterator[OrderRecord]:
    """Every buyer's orders as a Poisson process, denser on sales days, in time order."""
    weights = np.array([b.yearly for b in buyers])
    weights /= weights.sum()
    for day in range(int(MONTHS * 30)):
        rate = shop.orders_per_day * scale * (4.0 if day in SALES_DAYS else 1.0)
        moments = np.sort(rng.normal(15.5, 4.5, int(rng.poisson(rate))) % 24)
        chosen = rng.choice(len(buyers), len(moments), p=weights)
        for hour, index in zip(moments, chosen, strict=True):
            at = START + timedelta(days=day, hours=float(hour))
            buyer = buyers[int(index)]
            if buyer.joined_at > at:
                buyer.joined_at = at - timedelta(minutes=float(rng.exponential(15)))
            yield honest_order(rng, shop, buyer, at)


def _attacks(
    rng: np.random.Generator, shop: ShopKind, buyers: list[Buyer], scale: float
) -> Iterator[OrderRecord]:
    """Campaigns per month; from month ten on attackers hide better (no failed payments, calmer bursts)."""
    for month in range(MONTHS):
        for name, campaign in CAMPAIGNS.items():
            for _ in range(int(rng.poisson(PER_MONTH[name] * shop.fraud_scale * scale))):
                hour = rng.normal(15.5, 4.5) % 24 if rng.random() < 0.6 else rng.uniform(0, 24)
                at = START + month * MONTH + timedelta(days=float(rng.integers(0, 30)), hours=float(hour))
                for order in campaign(rng, shop, at, buyers):
                    if month >= 9 and rng.random() < 0.3:
                        order = replace(order, failed_payments=0, shipping_express=False)
                    yield order


def _labelled(rng: np.random.Generator, order: OrderRecord) -> OrderRecord:
    """When the outcome is known: a chargeback after weeks (log-normal, median 30 days), silence after 90."""
    delay = float(np.exp(np.log(30) + 0.5 * rng.standard_normal())) if order.is_fraud else 90.0
    return replace(order, label_at=order.created_at + timedelta(days=min(delay, 120.0)))


def _equal_risk(rng: np.random.Generator, order: OrderRecord, countries: np.ndarray) -> OrderRecord:
    """Moves an attack's parcel to a country drawn as honest parcels are: equal true risk everywhere."""
    country = str(countries[int(rng.integers(len(countries)))])
    same = order.billing_country == order.shipping_country
    return replace(
        order,
        shipping_country=country,
        billing_country=country if same else order.billing_country,
        ip_country=country if order.ip_country == order.shipping_country else order.ip_country,
    )


def shop_orders(shop: ShopKind, seed: int, scale: float = 1.0, equal_risk: bool = False) -> list[OrderRecord]:
    """One shop's year, in time order; the same seed gives the same orders.

    Args:
        scale: multiplies the number of buyers, orders and attacks.
        equal_risk: every shipping country has the same share of fraud, in expectation.
    """
    rng = np.random.default_rng([seed, SHOPS.index(shop)])
    people = int(shop.orders_per_day * 360 * scale / 2.2) + 50
    buyers = [make_buyer(rng, shop, number, START, MONTHS * 30) for number in range(people)]
    honest = list(_honest(rng, shop, buyers, scale))
    bad = list(_attacks(rng, shop, buyers, scale))
    if equal_risk:
        parcels = np.array([order.shipping_country for order in honest])
        bad = [_equal_risk(rng, order, parcels) for order in bad]
    end = START + MONTHS * MONTH
    orders = sorted((o for o in honest + bad if o.created_at < end), key=lambda o: (o.created_at, o.total))
    return [
        replace(redact(_labelled(rng, order), shop.visibility), order_id=f"{shop.name}-{number:06d}")
        for number, order in enumerate(orders)
    ]


def all_orders(seed: int = 20250101, scale: float = 1.0, equal_risk: bool = False) -> list[OrderRecord]:
    """All six shops, merged in time order."""
    orders = [o for shop in SHOPS for o in shop_orders(shop, seed, scale, equal_risk)]
    return sorted(orders, key=lambda order: (order.created_at, order.order_id))


def shown(orders: list[OrderRecord]) -> list[OrderRecord]:
    """What may be trained and tuned on: the first nine months without the kept attacks."""
    return [o for o in orders if o.created_at < VALIDATION_END and o.attack not in KEPT_ATTACKS]


def kept(orders: list[OrderRecord]) -> list[OrderRecord]:
    """The last look: the last three months, with every attack."""
    return [o for o in orders if o.created_at >= VALIDATION_END]
