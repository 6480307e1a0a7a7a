"""Honest buyers and the orders that they place, the look-alikes of fraud among them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from sandbox.orders.records import LOCALES, OrderRecord
from sandbox.orders.world import (
    AVS_COUNTRIES,
    DISPOSABLE_MAIL,
    FREE_MAIL,
    PROXY_COUNTRIES,
    Basket,
    ShopKind,
    address,
    basket,
    card,
    foreign_country,
    ip_address,
)

KINDS = ("regular", "traveller", "expatriate", "gift_giver", "business", "student")
KIND_WEIGHT = (0.68, 0.07, 0.06, 0.10, 0.04, 0.05)


@dataclass(slots=True)
class Buyer:
    """One honest person with habits; `yearly` is the expected number of orders in a year."""

    id: str
    kind: str
    country: str
    card_country: str
    email: str
    address: str
    ip: str
    card: str
    scale: float
    yearly: float
    joined_at: datetime
    has_account: bool
    friends: list[tuple[str, str]] = field(default_factory=list)
    orders: int = 0


def mailbox(rng: np.random.Generator, disposable: float, digits: float) -> str:
    """An e-mail address; fraud tends to throw-away domains and digits, honest buyers use both too."""
    letters = "".join(chr(97 + int(v)) for v in rng.integers(0, 26, int(rng.integers(5, 13))))
    tail = str(int(rng.integers(10, 99999))) if rng.random() < digits else ""
    if rng.random() < disposable:
        domain = DISPOSABLE_MAIL[int(rng.integers(len(DISPOSABLE_MAIL)))]
    elif rng.random() < 0.75:
        domain = FREE_MAIL[int(rng.integers(len(FREE_MAIL)))]
    else:
        domain = f"{letters[:5]}.example"
    return f"{letters}{tail}@{domain}"


def make_buyer(rng: np.random.Generator, shop: ShopKind, number: int, start: datetime, days: int) -> Buyer:
    """Draws a buyer: most join before the window or during it, a third shop as guests."""
    kind = KINDS[int(rng.choice(len(KINDS), p=KIND_WEIGHT))]
    country = foreign_country(rng, shop.home) if rng.random() < shop.foreign_share else shop.home
    card_country = foreign_country(rng, country) if kind == "expatriate" else country
    joined = start + timedelta(days=float(rng.uniform(-900, days)))
    return Buyer(
        f"{shop.name}-{number}",
        kind,
        country,
        card_country,
        mailbox(rng, 0.01, 0.3),
        address(rng, country),
        ip_address(rng),
        card(rng),
        float(np.exp(0.3 * rng.standard_normal())),
        float(rng.gamma(1.1, 1.6)) + 0.25,
        joined,
        bool(rng.random() < 0.66),
    )


def payment_answers(
    rng: np.random.Generator, card_country: str, good: float, cvv_good: float
) -> tuple[str | None, str | None]:
    """AVS and CVV result codes; address checks exist in three countries, elsewhere U or nothing."""
    if card_country in AVS_COUNTRIES:
        avs: str | None = "Y" if rng.random() < good else str(rng.choice(["A", "Z", "N"], p=[0.3, 0.3, 0.4]))
    else:
        avs = "U" if rng.random() < 0.5 else None
    draw = rng.random()
    cvv = "M" if draw < cvv_good else ("N" if draw < cvv_good + 0.6 * (1 - cvv_good) else "P")
    return avs, cvv


def provider_verdict(rng: np.random.Generator, fraud: bool, skill: float = 0.9) -> float | None:
    """Another provider's score between 0 and 1: informative, noisy, missing for a third of the orders."""
    if rng.random() < 0.33:
        return None
    logit = (skill if fraud else 0.0) * 1.6 - 2.2 + 1.2 * rng.standard_normal()
    return round(float(1 / (1 + np.exp(-logit))), 3)


def _whereabouts(rng: np.random.Generator, buyer: Buyer) -> tuple[str, str]:
    travelling = buyer.kind == "traveller" and rng.random() < 0.45
    if travelling:
        return ip_address(rng), foreign_country(rng, buyer.country)
    if rng.random() < 0.04:  # a VPN
        return ip_address(rng), PROXY_COUNTRIES[int(rng.integers(len(PROXY_COUNTRIES)))]
    if rng.random() < 0.35:  # a telephone network: new address, right country
        return ip_address(rng), buyer.country
    return buyer.ip, buyer.country


def _destination(rng: np.random.Generator, buyer: Buyer) -> tuple[str, str, bool]:
    gift_chance = {"gift_giver": 0.5, "regular": 0.05}.get(buyer.kind, 0.04)
    if rng.random() >= gift_chance:
        return buyer.address, buyer.country, False
    if buyer.friends and rng.random() < 0.5:
        door, country = buyer.friends[int(rng.integers(len(buyer.friends)))]
        return door, country, True
    country = foreign_country(rng, buyer.country) if rng.random() < 0.2 else buyer.country
    buyer.friends.append((address(rng, country), country))
    return buyer.friends[-1][0], country, True


def honest_order(rng: np.random.Generator, shop: ShopKind, buyer: Buyer, at: datetime) -> OrderRecord:
    """One honest order of this buyer now."""
    goods: Basket = basket(rng, shop, buyer.scale, bulk=buyer.kind == "business" and rng.random() < 0.5)
    ip, ip_country = _whereabouts(rng, buyer)
    door, ship_country, gift = _destination(rng, buyer)
    if buyer.kind == "student" and rng.random() < 0.1:
        buyer.address, buyer.ip = address(rng, buyer.country), ip_address(rng)
    if rng.random() < 0.01:
        buyer.card = card(rng)
    avs, cvv = payment_answers(rng, buyer.card_country, 0.9 if buyer.kind != "student" else 0.75, 0.975)
    buyer.orders += 1
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
        discount_share=goods.discount_share,
        shipping_express=bool(rng.random() < (0.25 if gift else 0.12)),
        gift=bool(gift and rng.random() < 0.4),
        email=buyer.email,
        phone_given=bool(rng.random() < 0.7),
        ip=ip,
        ip_country=ip_country,
        customer_id=buyer.id if buyer.has_account else None,
        account_age_days=max((at - buyer.joined_at).total_seconds() / 86400, 0.0)
        if buyer.has_account
        else None,
        customer_orders=buyer.orders - 1 if buyer.has_account else None,
        billing_country=buyer.card_country,
        shipping_country=ship_country,
        billing_address=buyer.address,
        shipping_address=door,
        card=buyer.card,
        payment_method="card"
        if rng.random() < 0.6
        else str(rng.choice(["wallet", "transfer", "invoice"], p=[0.7, 0.15, 0.15])),
        avs=avs,
        cvv=cvv,
        failed_payments=int(rng.poisson(0.06)),
        provider_risk=provider_verdict(rng, False),
        channel="web" if rng.random() < 0.93 else "phone",
        locale=LOCALES.get(buyer.country, "en"),
        buyer_kind=buyer.kind,
        margin_share=0.4,
    )
