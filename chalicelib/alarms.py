"""What cannot wait for tomorrow's mail: alarms of functions, and orders that a person must decide on."""

from collections.abc import Sequence

from chalicelib import notifying
from chalicelib.contracts import Alarm, Function, Material, Watchful
from chalicelib.domain.actions import HoldOrder
from chalicelib.domain.proposals import Proposal
from chalicelib.domain.shop import Mode, Shop
from chalicelib.services import Services

QUARTER_HOUR_S = 900
"""Orders that wait to be held are mailed together, once in so many seconds at most."""


def sound(services: Services, shop: Shop, alarms: Sequence[Alarm]) -> None:
    """Open and clear problems; an urgent one that is new is mailed now."""
    fresh = [alarm for alarm in alarms if _opened(services, shop, alarm)]
    if any(alarm.urgent for alarm in fresh):
        notifying.urgent(services, shop)


def _opened(services: Services, shop: Shop, alarm: Alarm) -> bool:
    if alarm.over:
        services.problems.clear(shop.id, alarm.code, alarm.subject)
        return False
    return services.trouble(shop.id, alarm.code, alarm.message, subject=alarm.subject, urgent=alarm.urgent)


def watch(services: Services, function: Function, material: Material) -> None:
    """Let a function look over its own work; what it complained of before and no longer does has mended."""
    if not isinstance(function, Watchful):
        return
    shop = material.shop
    found = function.watch(material)
    services.memories.remember(shop.id, found.remember)
    complained = {(alarm.code, alarm.subject) for alarm in found.alarms}
    for problem in list(services.problems.all(shop.id)):
        if problem.code in function.codes and (problem.code, problem.subject) not in complained:
            services.problems.clear(shop.id, problem.code, problem.subject)
    sound(services, shop, found.alarms)


def call(services: Services, shop: Shop, proposals: Sequence[Proposal]) -> None:
    """Mail that an order waits to be held: until somebody says yes, nothing keeps it from being sent."""
    waiting = [p for p in proposals if isinstance(p.action, HoldOrder) and _waits(services, shop, p)]
    if not waiting:
        return
    now = services.clock.now()
    slot = int(now.timestamp()) // QUARTER_HOUR_S
    if services.counters.take(shop.id, f"called|{slot}", 1, now):
        notifying.urgent(services, shop)


def _waits(services: Services, shop: Shop, proposal: Proposal) -> bool:
    mode = services.shops.policy(shop.id).mode(proposal.function)
    return proposal.review or mode is not Mode.AUTOMATIC
