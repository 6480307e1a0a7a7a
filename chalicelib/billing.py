"""What a merchant pays for, and what happens beyond it: a word, two weeks of grace, then proposals wait for a person.

::

    within the plan ──► beyond it: a problem says so, everything goes on ──14 days──► automatic changes wait
          ▲                                                                            for approval;
          └──────────── a larger plan, or the next month ◄─────────────────────────────┘ screening always goes on

Where merchants pay in the marketplace, the plan is read from there; elsewhere an owner or an operator sets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.connecting import note
from chalicelib.contracts import Function
from chalicelib.domain.ids import FunctionName, ShopId
from chalicelib.domain.journal import Deed
from chalicelib.domain.shop import Mode, Policy, Shop
from chalicelib.errors import Conflict, NotAllowed, Overtaken
from chalicelib.limits import groups_of
from chalicelib.services import Services

GRACE = timedelta(days=14)
PROBLEM = "plan_exceeded"


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan: ``orders`` a calendar month (UTC), or without end."""

    name: str
    label: str
    orders: int | None


FREE = Plan("free", "Free", 100)
UNLIMITED = Plan("unlimited", "Unlimited", None)
PLANS = (FREE, Plan("growth", "Growth", 2_000), Plan("business", "Business", 20_000), UNLIMITED)


def plan_of(shop: Shop) -> Plan:
    """A shop's plan. Somebody who pays for a plan that we do not know is held by no limit."""
    if not shop.plan:
        return FREE
    word = shop.plan.strip().casefold()
    return next((one for one in PLANS if word in {one.name, one.label.casefold()}), UNLIMITED)


def count_order(services: Services, shop: ShopId, at: datetime) -> None:
    """One more order in the month that it was placed in."""
    services.counters.tally(shop, _month(at))


def orders(services: Services, shop: ShopId, at: datetime) -> int:
    """Orders of a month so far."""
    return services.counters.total(shop, _month(at))


def review(services: Services, shop: Shop) -> None:
    """Compare what was used with the plan; the problem opens and clears by itself."""
    now, plan = services.clock.now(), plan_of(shop)
    used = orders(services, shop.id, now)
    if plan.orders is None or used <= plan.orders:
        services.problems.clear(shop.id, PROBLEM)
        _remember(services, shop, None)
        return
    since = shop.over_plan_at or now
    _remember(services, shop, since)
    services.trouble(shop.id, PROBLEM, _words(plan, used, since, now))


def bounded(functions: Mapping[FunctionName, Function], shop: Shop, policy: Policy, now: datetime) -> Policy:
    """What a policy allows once the grace is over: nothing by itself but screening, which is never stopped."""
    if shop.over_plan_at is None or now < shop.over_plan_at + GRACE:
        return policy
    held = {
        name: Mode.PROPOSE for name, function in functions.items()
        if policy.mode(name) is Mode.AUTOMATIC and "orders" not in groups_of(function.capabilities)
    }  # fmt: skip
    return replace(policy, modes={**policy.modes, **held}) if held else policy


def choose(services: Services, shop: Shop, name: str, *, by: str) -> Shop:
    """Set the plan of a shop whose marketplace bills nothing. Raises NotAllowed, Conflict."""
    if services.marketplaces[shop.marketplace].bills:
        raise NotAllowed("This shop's plan is chosen where its merchant pays for the app.")
    if name not in {plan.name for plan in PLANS}:
        raise NotAllowed("There is no such plan.")
    changed = replace(shop, plan=name)
    services.shops.save(changed, shop.version)
    note(services, shop.id, Deed.SETTINGS, by, f"plan: {plan_of(shop).label} → {plan_of(changed).label}")
    chosen = services.shops.get(shop.id)
    review(services, chosen)
    return chosen


def _words(plan: Plan, used: int, since: datetime, now: datetime) -> str:
    over = f"{used} orders this month; the plan {plan.label} covers {plan.orders}."
    if now < since + GRACE:
        return f"{over} Everything goes on until {since + GRACE:%Y-%m-%d}; then automatic changes wait for approval."
    return f"{over} Automatic changes wait for your approval until the plan is raised; order screening goes on."


def _remember(services: Services, shop: Shop, since: datetime | None) -> None:
    if shop.over_plan_at == since:
        return
    try:
        services.shops.save(replace(shop, over_plan_at=since), shop.version)
    except Conflict as error:
        raise Overtaken(detail="the shop changed meanwhile") from error


def _month(at: datetime) -> str:
    return f"orders|{at:%Y-%m}"
