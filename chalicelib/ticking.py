"""The clock's part: one message per connected shop and schedule, the same one however often it ticks."""

from chalicelib.connecting import scheduled_event
from chalicelib.domain.events import Schedule, to_message
from chalicelib.domain.shop import ShopState
from chalicelib.services import Services

_PERIODS = {Schedule.TRAIN: "%Y-%m-%d", Schedule.DIGEST: "%Y-%m-%d"}


def tick(services: Services, word: str) -> int:
    """Send one schedule's message for every connected shop; says how many. Raises ValueError."""
    kind = Schedule(word)
    now = services.clock.now()
    period = now.strftime(_PERIODS.get(kind, "%Y-%m-%dT%H:%M"))
    sent = 0
    for shop, state in services.shops.all():
        if state is ShopState.CONNECTED:
            event = scheduled_event(shop, kind, now, period=period)
            services.schedule.send(to_message(event), group=shop)
            sent += 1
    return sent
