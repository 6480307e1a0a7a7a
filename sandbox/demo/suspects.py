"""Orders for a person to look at: the sealed generator's, as buyers of the demonstration's stores place them.

Amounts become baskets of the store's own goods that come near them; who ordered, from where, with which card and in
which language stays as it was generated. All of it is simulated.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address

import numpy as np

from sandbox.orders.attacks import card_testing, reshipping, triangulation
from sandbox.orders.buyers import honest_order, make_buyer
from sandbox.orders.records import OrderRecord
from sandbox.orders.world import SHOPS
from sandbox.seed import SeedAddress, SeedLine, SeedOrder, SeedProduct

STAGE = SHOPS[0]
"""A fashion shop whose store shows everything; WooCommerce drops by itself what it does not show."""
HONEST, TESTED, SENT_ON = 12, 12, 3


def countries(records: Iterable[OrderRecord]) -> str:
    """Where the simulated internet addresses are, as the table that an operator would bring."""
    known = {IPv4Address(one.ip): one.ip_country for one in records if one.ip and one.ip_country}
    return "".join(f"{ip},{ip},{known[ip]}\n" for ip in sorted(known))


def suspects(seed: int, begins: datetime) -> list[OrderRecord]:
    """Honest orders, then a card tester's burst and a re-shipper among more of them, in time order."""
    rng = np.random.default_rng(seed)
    buyers = [make_buyer(rng, STAGE, number, begins - timedelta(days=300), 300) for number in range(HONEST)]
    honest = [honest_order(rng, STAGE, buyer, begins + timedelta(minutes=n)) for n, buyer in enumerate(buyers)]
    at = begins + timedelta(minutes=HONEST)
    burst = card_testing(rng, STAGE, at, buyers)[:TESTED]
    parcels = [one for _ in range(3) for one in reshipping(rng, STAGE, at, buyers)][:SENT_ON]
    false_shop = triangulation(rng, STAGE, at, buyers)[:SENT_ON]
    several = [replace(one, created_at=at + timedelta(seconds=9 * n)) for n, one in enumerate([*parcels, *false_shop])]
    return sorted([*honest, *burst, *several], key=lambda one: one.created_at)


def seed_order(key: str, record: OrderRecord, goods: Sequence[SeedProduct]) -> SeedOrder:
    """An order as its buyer places it in the store."""
    number, _, expiry = (record.card or "").partition("-")
    return SeedOrder(
        key=key, created_at=record.created_at, lines=tuple(_lines(record, goods)), email=record.email or "",
        customer_key=record.customer_id or "", billing=_address(record.billing_address, record.billing_country),
        shipping=_address(record.shipping_address, record.shipping_country), ip=record.ip or "",
        user_agent="Mozilla/5.0 (simulated)", gateway="card" if record.payment_method == "card" else "paypal",
        avs_result=record.avs or "", cvv_result=record.cvv or "", card_bin=number,
        card_last4=expiry.partition("-")[0], locale=record.locale,
    )  # fmt: skip


def _address(door: str | None, country: str | None) -> SeedAddress:
    """A made-up door; equal tokens are equal doors."""
    return SeedAddress(
        first_name="Simulated", last_name="Buyer", address_1=f"{(door or '')[-6:]} Sandbox Street", city="Sandbox",
        postcode=(door or "")[-5:], country=country or "",
    )  # fmt: skip


def _lines(record: OrderRecord, goods: Sequence[SeedProduct]) -> Iterator[SeedLine]:
    """As many different goods as were ordered, as many of each as comes near the total."""
    share = Decimal(str(record.total)) / max(record.lines, 1)
    for place in range(min(record.lines, len(goods))):
        chosen = goods[(round(record.total * 100) + place) % len(goods)].variants[0]
        yield SeedLine(sku=chosen.sku, quantity=max(1, int(share / chosen.price)), unit_price=chosen.price)
