"""Seven kinds of attack and abuse, each a campaign: a function from a shop and a moment to a list of orders.

Patterns follow the public descriptions of card-not-present fraud by merchants' associations and card schemes
(the Merchant Risk Council's taxonomy; Visa's and Mastercard's merchant guides to enumeration attacks,
re-shipping and triangulation). Parameters are our own guesses, wide on purpose; nothing here is
fitted to real orders.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from sandbox.orders.buyers import Buyer, honest_order, mailbox, payment_answers, provider_verdict
from sandbox.orders.records import LOCALES, OrderRecord
from sandbox.orders.world import (
    PROXY_COUNTRIES,
    ShopKind,
    address,
    basket,
    card,
    foreign_country,
    ip_address,
)

type Campaign = Callable[[np.random.Generator, ShopKind, datetime, Sequence[Buyer]], list[OrderRecord]]


def _victim_country(rng: np.random.Generator, shop: ShopKind) -> str:
    """Stolen cards come from where the shop's buyers are, so that true risk does not hang on the country."""
    return foreign_country(rng, shop.home) if rng.random() < shop.foreign_share else shop.home


def _stolen(
    rng: np.random.Generator,
    shop: ShopKind,
    at: datetime,
    attack: str,
    *,
    scale: float,
    resale: float,
    country: str,
    ip: str | None = None,
    ip_country: str | None = None,
    avs_good: float = 0.55,
    cvv_good: float = 0.85,
    bulk: bool = False,
) -> OrderRecord:
    """One order with somebody else's card, before a campaign gives it its particular marks."""
    goods = basket(rng, shop, scale, resale, bulk)
    avs, cvv = payment_answers(rng, country, avs_good, cvv_good)
    hidden = rng.random() < 0.6  # a proxy in the victim's own country
    place = country if hidden else PROXY_COUNTRIES[int(rng.integers(len(PROXY_COUNTRIES)))]
    door = address(rng, country)
    return OrderRecord(
        shop=shop.name,
        created_at=at,
        currency=shop.currency,
        total=goods.total,
        units=goods.units,
        lines=goods.lines,
        top_share=goods.top_share,
        resale_share=goods.resale_share,
        digital_share=goods.digital_share,
        discount_share=goods.discount_share if rng.random() < 0.5 else 0.0,
        shipping_express=bool(rng.random() < 0.3),
        email=mailbox(rng, 0.15, 0.5),
        phone_given=bool(rng.random() < 0.5),
        ip=ip or ip_address(rng),
        ip_country=ip_country or place,
        billing_country=country,
        shipping_country=country,
        billing_address=door,
        shipping_address=door,
        card=card(rng),
        payment_method="card" if rng.random() < 0.85 else "wallet",
        avs=avs,
        cvv=cvv,
        failed_payments=int(rng.poisson(0.5)),
        provider_risk=provider_verdict(rng, True),
        locale=LOCALES.get(country, "en") if rng.random() < 0.7 else "en",
        is_fraud=True,
        attack=attack,
        margin_share=0.4,
    )


def card_testing(
    rng: np.random.Generator, shop: ShopKind, at: datetime, buyers: Sequence[Buyer]
) -> list[OrderRecord]:
    """A burst of small orders that tries out stolen cards, from few addresses within minutes."""
    ips = [ip_address(rng) for _ in range(int(rng.integers(1, 6)))]
    shared_mail = mailbox(rng, 0.5, 0.7) if rng.random() < 0.3 else None
    place = PROXY_COUNTRIES[int(rng.integers(len(PROXY_COUNTRIES)))]
    door = address(rng, shop.home)
    orders: list[OrderRecord] = []
    for _ in range(int(rng.integers(12, 40))):
        at += timedelta(seconds=float(rng.exponential(rng.uniform(4, 40))))
        order = _stolen(
            rng,
            shop,
            at,
            "card_testing",
            scale=0.12,
            resale=0.5,
            country=_victim_country(rng, shop),
            ip=ips[int(rng.integers(len(ips)))],
            ip_country=place,
            avs_good=0.3,
            cvv_good=0.5,
        )
        shipped = door if rng.random() < 0.6 else order.shipping_address
        orders.append(
            replace(
                order,
                email=shared_mail or mailbox(rng, 0.4, 0.7),
                units=1,
                lines=1,
                top_share=1.0,
                failed_payments=int(rng.poisson(1.5)),
                shipping_address=shipped,
            )
        )
    return orders


def _orders_so_far(buyer: Buyer, at: datetime) -> int | None:
    """What the shop had counted by then: the honest year is drawn first, so its end is not yet known."""
    share = (at.timetuple().tm_yday - 1) / 365
    return int(buyer.orders * share) if buyer.has_account else None


def account_takeover(
    rng: np.random.Generator, shop: ShopKind, at: datetime, buyers: Sequence[Buyer]
) -> list[OrderRecord]:
    """A known buyer's account and saved card, a new device and a new door."""
    known = [b for b in buyers[:400] if b.has_account and b.orders and b.joined_at < at]
    if not known:
        return []
    victim = known[int(rng.integers(len(known)))]
    orders = []
    ip = ip_address(rng)
    for _ in range(1 + int(rng.poisson(0.7))):
        order = honest_order(rng, shop, victim, at)
        goods = basket(rng, shop, 1.9, 2.5)
        country = victim.country if rng.random() < 0.7 else foreign_country(rng, victim.country)
        order = replace(
            order,
            total=goods.total,
            units=goods.units,
            lines=goods.lines,
            top_share=goods.top_share,
            resale_share=goods.resale_share,
            digital_share=goods.digital_share,
            ip=ip,
            ip_country=country
            if rng.random() < 0.5
            else PROXY_COUNTRIES[int(rng.integers(len(PROXY_COUNTRIES)))],
            shipping_country=country,
            shipping_address=address(rng, country),
            gift=False,
            shipping_express=bool(rng.random() < 0.4),
            provider_risk=provider_verdict(rng, True),
            customer_orders=_orders_so_far(victim, at),
            is_fraud=True,
            attack="account_takeover",
            buyer_kind="",
        )
        orders.append(order)
        at += timedelta(hours=float(rng.exponential(3)))
    return orders


def reshipping(
    rng: np.random.Generator, shop: ShopKind, at: datetime, buyers: Sequence[Buyer]
) -> list[OrderRecord]:
    """Goods that sell well go to a mule's door at home, paid with cards from anywhere."""
    mule_country = _victim_country(rng, shop)
    door = address(rng, mule_country)
    orders = []
    for _ in range(2 + int(rng.poisson(3))):
        order = _stolen(
            rng,
            shop,
            at,
            "reshipping",
            scale=1.8,
            resale=2.5,
            country=_victim_country(rng, shop),
            avs_good=0.7,
            cvv_good=0.93,
        )
        orders.append(replace(order, shipping_country=mule_country, shipping_address=door))
        at += timedelta(hours=float(rng.exponential(40)))
    return orders


def triangulation(
    rng: np.random.Generator, shop: ShopKind, at: datetime, buyers: Sequence[Buyer]
) -> list[OrderRecord]:
    """A false shop orders here for its unknowing buyers: honest doors, stolen cards, one hand behind."""
    ip, mail = ip_address(rng), mailbox(rng, 0.1, 0.8)
    home = _victim_country(rng, shop)
    orders = []
    for _ in range(4 + int(rng.poisson(8))):
        order = _stolen(
            rng,
            shop,
            at,
            "triangulation",
            scale=1.0,
            resale=1.6,
            country=_victim_country(rng, shop),
            ip=ip if rng.random() < 0.5 else None,
            ip_country=home,
            avs_good=0.6,
            cvv_good=0.9,
        )
        country = _victim_country(rng, shop)
        orders.append(
            replace(
                order,
                email=mail if rng.random() < 0.45 else order.email,
                shipping_country=country,
                shipping_address=address(rng, country),
                discount_share=0.0,
            )
        )
        at += timedelta(hours=float(rng.exponential(14)))
    return orders


def friendly_fraud(
    rng: np.random.Generator, shop: ShopKind, at: datetime, buyers: Sequence[Buyer]
) -> list[OrderRecord]:
    """A real buyer with a real card who will deny the order: nearly nothing to see before a second time."""
    buyer = buyers[int(rng.integers(len(buyers)))]
    orders = []
    for _ in range(1 + int(rng.poisson(0.5))):
        order = honest_order(rng, shop, buyer, at)
        goods = basket(rng, shop, 1.5, 1.4)
        orders.append(
            replace(
                order,
                total=goods.total,
                resale_share=goods.resale_share,
                is_fraud=True,
                customer_orders=_orders_so_far(buyer, at),
                digital_share=goods.digital_share,
                attack="friendly_fraud",
                buyer_kind="",
            )
        )
        at += timedelta(days=float(rng.exponential(40)))
    return orders


def refund_abuse(
    rng: np.random.Generator, shop: ShopKind, at: datetime, buyers: Sequence[Buyer]
) -> list[OrderRecord]:
    """One household claims parcels as lost again and again, under changing addresses of mail."""
    country = _victim_country(rng, shop)
    door, ip = address(rng, country), ip_address(rng)
    orders = []
    for _ in range(2 + int(rng.poisson(2))):
        order = _stolen(
            rng,
            shop,
            at,
            "refund_abuse",
            scale=1.3,
            resale=1.8,
            country=country,
            ip=ip,
            ip_country=country,
            avs_good=0.9,
            cvv_good=0.97,
        )
        orders.append(
            replace(
                order,
                billing_address=door,
                shipping_address=door,
                failed_payments=0,
                provider_risk=provider_verdict(rng, False),
            )
        )
        at += timedelta(days=float(rng.exponential(16)))
    return orders


def bulk_resale(
    rng: np.random.Generator, shop: ShopKind, at: datetime, buyers: Sequence[Buyer]
) -> list[OrderRecord]:
    """Several accounts of one reseller empty a shelf within an hour, past the limit per household."""
    country = _victim_country(rng, shop)
    door, ip, paid_with = address(rng, country), ip_address(rng), card(rng)
    orders = []
    for _ in range(3 + int(rng.poisson(3))):
        order = _stolen(
            rng,
            shop,
            at,
            "bulk_resale",
            scale=1.6,
            resale=3.0,
            country=country,
            ip=ip,
            ip_country=country,
            avs_good=0.9,
            cvv_good=0.97,
            bulk=rng.random() < 0.6,
        )
        orders.append(
            replace(
                order,
                billing_address=door,
                shipping_address=door if rng.random() < 0.8 else order.billing_address,
                card=paid_with if rng.random() < 0.5 else order.card,
                failed_payments=0,
            )
        )
        at += timedelta(minutes=float(rng.exponential(12)))
    return orders


CAMPAIGNS: dict[str, Campaign] = {
    "card_testing": card_testing,
    "account_takeover": account_takeover,
    "reshipping": reshipping,
    "triangulation": triangulation,
    "friendly_fraud": friendly_fraud,
    "refund_abuse": refund_abuse,
    "bulk_resale": bulk_resale,
}
PER_MONTH = {
    "card_testing": 0.2,
    "account_takeover": 2.6,
    "reshipping": 0.8,
    "triangulation": 0.3,
    "friendly_fraud": 2.0,
    "refund_abuse": 0.6,
    "bulk_resale": 0.35,
}
KEPT_ATTACKS = frozenset({"triangulation", "bulk_resale"})
"""Never shown to a model before the last look."""
