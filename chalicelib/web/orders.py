"""Orders that somebody should look at, and the record of one: the verdict, its grounds, who decided what."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from chalicelib import looking
from chalicelib.domain.ids import OrderId
from chalicelib.domain.money import Money
from chalicelib.domain.proposals import Proposal, Status
from chalicelib.domain.screening import Ruling, Screening
from chalicelib.errors import AppError, Gone
from chalicelib.web.answers import Answer, redirect
from chalicelib.web.rendering import page
from chalicelib.web.visit import Missing, Visit

SHOWN = 50
STALE = timedelta(days=14)
"""A look comes too late after that, as for a proposal."""
SCANNED = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """One order that waits, and our hold on it."""

    screening: Screening
    hold: Proposal | None

    @property
    def held(self) -> bool:
        return self.hold is not None and self.hold.status is Status.APPLIED


def waiting(visit: Visit) -> Answer:
    """What somebody should look at, first where looking saves most; or one order by its number."""
    wanted = visit.asked("q").strip()
    if wanted and (found := _find(visit, wanted)) is not None:
        return redirect(visit.here("orders", found.order_id))
    shop = visit.the_shop.id
    kept = [one for one in visit.services.screenings.waiting(shop, limit=SHOWN) if one.at >= visit.now - STALE]
    rows = [Row(one, looking.hold_of(visit.services, shop, one.order_id)) for one in kept]
    limits = visit.the_policy.orders
    used = visit.services.counters.used(shop, LOOKS, visit.now)
    return page(visit, "orders.html", rows=rows, wanted=wanted, used=used, per_day=limits.reviews_per_day)


LOOKS = "looks"
"""The allowance of looks a day, as screening spends it."""


def count(visit: Visit) -> str:
    """How many orders wait for a look, for the first page; empty where none does."""
    found = visit.services.screenings.waiting(visit.the_shop.id, limit=SHOWN + 1)
    waiting = sum(one.at >= visit.now - STALE for one in found)
    return f"{SHOWN}+" if waiting > SHOWN else str(waiting) if waiting else ""


def _find(visit: Visit, wanted: str) -> Screening | None:
    """By the store's id, else by the number that people know."""
    shop = visit.the_shop.id
    found = visit.services.screenings.get(shop, OrderId(wanted[:60]))
    if found is not None:
        return found
    number = wanted.lstrip("#").casefold()
    every = islice(visit.services.screenings.all(shop), SCANNED)
    return next((one for one in every if one.number.lstrip("#").casefold() == number), None)


def detail(visit: Visit) -> Answer:
    """One order's record."""
    return _show(visit)


def _show(visit: Visit, *, status: int = 200, wrong: str = "") -> Answer:
    shop, order = visit.the_shop.id, _order(visit)
    kept = looking.standing(visit.services, shop, order)
    hold = looking.hold_of(visit.services, shop, order)
    ended = visit.services.outcomes.get(shop, order)
    inputs = sorted((name, value) for name, value in kept.inputs.items() if value is not None)
    return page(
        visit, "order.html", status=status, wrong=wrong, kept=kept, hold=hold, ended=ended, inputs=inputs,
        costs=[(name, Money(Decimal(str(cost)), kept.currency)) for name, cost in kept.costs.items()],
        earlier=[_verdict(line) for line in reversed(kept.earlier)],
        held=hold is not None and hold.status is Status.APPLIED,
    )  # fmt: skip


def _verdict(line: str) -> tuple[datetime, Ruling]:
    """When an earlier state of an order was judged, and how."""
    at, ruling = line.split()[:2]
    return datetime.fromisoformat(at), Ruling(ruling)


def export(visit: Visit) -> Answer:
    """The record as a file."""
    found = looking.record(visit.services, visit.the_shop.id, _order(visit))
    body = json.dumps(found, indent=1, ensure_ascii=False)
    name = {"Content-Disposition": f'attachment; filename="order-{_order(visit)}.json"'}
    return Answer(body=body, kind="application/json; charset=utf-8", extra=name)


def decide(visit: Visit) -> Answer:
    """A person's word on an order."""
    shop, order, by = visit.the_shop.id, _order(visit), visit.who.email
    try:
        if visit.parts["deed"] == "fine":
            looking.fine(visit.services, shop, order, by)
            words = "Noted: the order is fine. A hold of ours is lifted."
        elif visit.parts["deed"] == "fraud":
            looking.fraud(visit.services, shop, order, by)
            words = "Noted. Cancel and refund it in the store itself: Tradewind never does that."
        else:
            raise Missing
    except Gone:
        raise
    except AppError as error:
        return _show(visit, status=409, wrong=error.merchant_message)
    return visit.say(visit.here("orders", order), words)


def _order(visit: Visit) -> OrderId:
    """The order of the address; one that could not be a file's name is none of ours."""
    name = visit.parts["order"]
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        raise Missing
    return OrderId(name)
