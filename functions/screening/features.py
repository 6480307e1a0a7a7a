"""An order as the numbers and words that the model looks at. Whatever the store does not show is None.

Everything here takes what a store sends: totals of nothing or of ten million, no customer, no address, free text for
a country. Nothing raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import isfinite, log
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.contracts import CounterKey
from chalicelib.domain.ids import ProductId
from chalicelib.domain.orders import Order
from functions.screening import payments
from functions.screening.geography import between_km, distance_km
from functions.screening.identities import (
    FAMILIAR,
    LINKS,
    MEMORY,
    OFFENDERS,
    VELOCITY,
    WINDOWS,
    Identify,
    door,
    identities,
    link_key,
    offence_key,
    orders_key,
    together_key,
)
from functions.screening.schema import SIGNAL
from functions.screening.usual import Usual

FREE_MAIL: Final = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "me.com",
    "aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "orange.fr", "free.fr", "laposte.net", "proton.me",
    "protonmail.com", "mail.com", "mail.ru", "qq.com", "163.com", "naver.com", "libero.it", "wp.pl", "yandex.com",
})  # fmt: skip
_CHANNELS: Final[Mapping[str, str]] = {"web": "web", "checkout": "web", "store-api": "web", "pos": "pos",
                                       "draft": "draft", "admin": "draft", "": ""}  # fmt: skip
PERSON: Final = ("card", "email", "customer")
PLACE: Final = ("address", "ip")

type Value = float | str | None
type Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the order itself."""

    counters: Mapping[CounterKey, int] = field(default_factory=dict)
    """After the order was counted in."""
    identify: Identify = lambda kind, value: ""
    usual: Usual = Usual()
    """Before this order."""
    timezone: str = "UTC"
    ip_country: str = ""
    """Of the buyer's internet address, where the operator has a database for that."""
    item_risk: Mapping[ProductId, float] = field(default_factory=dict)
    """0 (never a target) to 1 (always), by product."""


def features(order: Order, known: Known) -> Row:
    """One row for the model, by feature name; a merchant's own signals keep their ``signal_`` names."""
    signals = {name.removeprefix(SIGNAL): value for name, value in order.signals}
    subjects = identities(order, known.identify)
    own = {
        **_amounts(order, known, subjects),
        **_basket(order, known),
        **_places(order, known, signals),
        **_email(order.email),
        **_account(order),
        **_payment(order, signals),
        **_velocity(known.counters, subjects),
        **_links(known.counters, subjects),
        **_familiar(known.counters, subjects),
        **_offences(known.counters, subjects),
        "hour": float(_local_hour(order, known.timezone)),
    }
    extra = {f"{SIGNAL}{name}": _plain(value) for name, value in signals.items() if name not in _TAKEN}
    return {**own, **extra}


_TAKEN: Final = frozenset({"express", "failed_payments", "ip_country"})
"""Signals that are features of their own: stores show them in ways that only their adapters know."""


def _amounts(order: Order, known: Known, subjects: Mapping[str, str]) -> dict[str, Value]:
    return {
        "amount_vs_shop": known.usual.beside(order.total),
        "amount_vs_buyer": _beside_own(order, known.counters, subjects.get("email", "")),
    }


def _beside_own(order: Order, counters: Mapping[CounterKey, int], buyer: str) -> float | None:
    spent = counters.get(CounterKey("spent", buyer, MEMORY), 0) - order.total.minor
    others = counters.get(CounterKey("bought", buyer, MEMORY), 0) - 1
    if not buyer or others < 1 or spent <= 0 or order.total.minor <= 0:
        return None
    return log(order.total.minor) - log(spent / others)


def _basket(order: Order, known: Known) -> dict[str, Value]:
    worth = [max(0.0, float(line.unit_price.amount) * line.quantity) for line in order.lines]
    total = sum(worth)
    if not order.lines or total <= 0:
        return {"units": None, "lines": None, "top_share": None, "item_risk": None, "digital_share": None,
                "discount_share": _discount(order)}  # fmt: skip
    at_once = [line.gift_card or not line.ships for line in order.lines]
    return {
        "units": float(sum(max(0, line.quantity) for line in order.lines)),
        "lines": float(len(order.lines)),
        "top_share": max(worth) / total,
        "item_risk": _item_risk(order, known, worth) / total if known.item_risk else None,
        "digital_share": sum(w for w, now in zip(worth, at_once, strict=True) if now) / total,
        "discount_share": _discount(order),
    }


def _item_risk(order: Order, known: Known, worth: list[float]) -> float:
    risks = (known.item_risk.get(line.product_id, 0.0) if line.product_id else 0.0 for line in order.lines)
    return sum(risk * value for risk, value in zip(risks, worth, strict=True))


def _discount(order: Order) -> float | None:
    if order.discount is None or order.discount.currency != order.total.currency:
        return None
    full = order.total.amount + order.discount.amount
    return float(order.discount.amount / full) * 100 if full > 0 and order.discount.amount >= 0 else None


def _places(order: Order, known: Known, signals: Mapping[str, float | str]) -> dict[str, Value]:
    ip = known.ip_country or str(signals.get("ip_country", ""))
    doors = door(order.billing), door(order.shipping)
    return {
        "ships_elsewhere": float(doors[0] != doors[1]) if all(doors) else None,
        "shipping_billing_km": between_km(order.billing, order.shipping),
        "ip_billing_km": distance_km(ip, order.billing.country),
        "ip_shipping_km": distance_km(ip, order.shipping.country),
    }


def _email(email: str) -> dict[str, Value]:
    local, at, domain = email.strip().lower().rpartition("@")
    if not (local and at and domain):
        return {"email_digits": None, "email_kind": None}
    kind = "disposable" if _disposable(domain) else "free provider" if domain in FREE_MAIL else "own domain"
    return {"email_digits": float(sum(sign.isdigit() for sign in local)), "email_kind": kind}


@cache
def _blocked() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)


def _disposable(domain: str) -> bool:
    parts = domain.split(".")
    return any(".".join(parts[start:]) in _blocked() for start in range(len(parts) - 1))


def _account(order: Order) -> dict[str, Value]:
    since = order.customer_since_at
    return {
        "account_days": None if since is None else max(0.0, (order.created_at - since).total_seconds() / 86_400),
        "orders_before": None if order.customer_orders is None else float(max(0, order.customer_orders - 1)),
        "phone_given": float(bool(order.phone.strip())) if order.phone or order.email else None,
    }


def _payment(order: Order, signals: Mapping[str, float | str]) -> dict[str, Value]:
    channel = order.channel.casefold()
    return {
        "avs": payments.avs(order.payment),
        "cvv": payments.cvv(order.payment),
        "paid_with": payments.paid_with(order.payment),
        "provider_risk": payments.provider_risk(order),
        "failed_payments": _number(signals.get("failed_payments")),
        "express": _number(signals.get("express")),
        "channel": _CHANNELS.get(channel, "other") or None,
    }


def _velocity(counters: Mapping[CounterKey, int], subjects: Mapping[str, str]) -> dict[str, Value]:
    return {
        f"{kind}_{window}": _others(counters, orders_key(kind, subjects.get(kind, ""), span))
        for kind in VELOCITY
        for window, span in WINDOWS.items()
    }


def _links(counters: Mapping[CounterKey, int], subjects: Mapping[str, str]) -> dict[str, Value]:
    return {
        f"{what}s_per_{per}": _count(counters, link_key(what, per, subjects[per]))
        if what in subjects and per in subjects
        else None
        for what, per in LINKS
    }


def _familiar(counters: Mapping[CounterKey, int], subjects: Mapping[str, str]) -> dict[str, Value]:
    """Share of this buyer's earlier orders that came with the same address, connection, card; None for a first one."""
    buyer = subjects.get("email", "")
    earlier = counters.get(CounterKey("bought", buyer, MEMORY), 0) - 1
    found: dict[str, Value] = {}
    for kind in FAMILIAR:
        together = _others(counters, together_key(buyer, kind, subjects.get(kind, "")))
        found[f"{kind}_familiar"] = None if together is None or earlier < 1 else min(1.0, together / earlier)
    known = [share for share in found.values() if share is not None]
    found["new_marks"] = float(sum(share == 0 for share in known)) if known else None
    return found


def _offences(counters: Mapping[CounterKey, int], subjects: Mapping[str, str]) -> dict[str, Value]:
    found = {kind: counters.get(offence_key(kind, subjects[kind]), 0) for kind in OFFENDERS if kind in subjects}
    return {
        name: float(max(found[kind] for kind in kinds if kind in found)) if found.keys() & set(kinds) else None
        for name, kinds in (("offences_person", PERSON), ("offences_place", PLACE))
    }


def _others(counters: Mapping[CounterKey, int], key: CounterKey) -> float | None:
    count = counters.get(key)
    return None if count is None else float(max(0, count - 1))


def _count(counters: Mapping[CounterKey, int], key: CounterKey) -> float | None:
    count = counters.get(key)
    return None if count is None else float(count)


def _local_hour(order: Order, timezone: str) -> int:
    return order.created_at.astimezone(_zone(timezone)).hour


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _plain(value: float | str) -> Value:
    return _number(value) if isinstance(value, int | float) else value


def _number(value: float | str | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) else None
