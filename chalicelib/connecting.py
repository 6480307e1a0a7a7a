"""A shop comes and goes: prove its credentials, write it down, subscribe, start the first sync; and leave."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from chalicelib.contracts import Credentials, StoreFacts
from chalicelib.domain.events import Schedule, StoreEvent, event_id, to_message
from chalicelib.domain.ids import EntryId, FunctionName, ShopId, account_of
from chalicelib.domain.journal import Deed, Entry
from chalicelib.domain.shop import Mode, Policy, Shop, ShopState
from chalicelib.errors import AppError, NotAllowed
from chalicelib.services import Services


def connect(
    services: Services, draft: Shop, credentials: Credentials, *, by: str,
    modes: Mapping[FunctionName, Mode] | None = None,
) -> Shop:  # fmt: skip
    """Connect a store, or connect it again: its settings and history are kept.

    Raises:
        NotAllowed: the credentials open another store than the one that was named.
        AppError: what the store answered to the first call.
    """
    facts = services.prove(draft, credentials).facts()
    if facts.account and not _same_store(draft, facts):
        raise NotAllowed("These credentials belong to another store.")
    shop = replace(with_facts(draft, facts), state=ShopState.CONNECTED, connected_at=services.clock.now())
    services.shops.save_credentials(shop.id, credentials)
    services.shops.save(shop)
    _start_policy(services, shop.id, modes or {})
    mended = subscribe(services, shop)
    note(services, shop.id, Deed.CONNECTED, by, "; ".join(mended))
    schedule(services, shop.id, Schedule.SYNC)
    return shop


def disconnect(services: Services, shop: Shop, *, by: str) -> Shop:
    """Stop: no reads, no writes, no credentials. What is kept is erased later (lifecycle, privacy)."""
    if by != "the store":
        _unsubscribe(services, shop)
    gone = replace(shop, state=ShopState.UNINSTALLED, uninstalled_at=services.clock.now())
    services.shops.save(gone)
    services.shops.drop_credentials(shop.id)
    note(services, shop.id, Deed.DISCONNECTED, by)
    return gone


def subscribe(services: Services, shop: Shop) -> tuple[str, ...]:
    """Make every webhook exist and point to us; says what had to be mended."""
    secret = services.secrets.secret(shop.marketplace, account_of(shop.id))
    return tuple(services.open_store(shop).subscribe(address(services, shop), secret))


def address(services: Services, shop: Shop) -> str:
    """Where a shop's webhooks go."""
    base = f"{services.settings.hooks_url or services.settings.base_url}/hooks/{shop.marketplace}"
    in_address = services.marketplaces[shop.marketplace].shop_in_address
    return f"{base}/{account_of(shop.id)}" if in_address else base


def schedule(
    services: Services, shop: ShopId, kind: Schedule, *, resource: str = "", detail: str = "",
    delay: timedelta = timedelta(0),
) -> StoreEvent:  # fmt: skip
    """Put one message of our own clock on the schedule queue."""
    now = services.clock.now()
    event = scheduled_event(shop, kind, now, resource=resource, detail=detail)
    services.schedule.send(to_message(event), group=shop, delay=delay)
    return event


def scheduled_event(
    shop: ShopId, kind: Schedule, now: datetime, *, resource: str = "", detail: str = "", period: str = ""
) -> StoreEvent:
    """An event that our own clock caused; ``period`` makes the same hour's tick the same event."""
    name = event_id("schedule", shop, kind, resource, detail, period or now.isoformat())
    return StoreEvent(
        id=name, shop_id=shop, kind=kind, resource=resource, occurred_at=now, received_at=now,
        delivery=uuid.uuid4().hex, topic=f"schedule/{kind}", detail=detail,
    )  # fmt: skip


def with_facts(shop: Shop, facts: StoreFacts) -> Shop:
    """The shop as its store describes it now."""
    return replace(
        shop, name=facts.name or shop.name, currency=facts.currency, country=facts.country,
        timezone=facts.timezone, primary_locale=facts.primary_locale, locales=facts.locales,
        markets=facts.markets, plugins=facts.plugins, scopes=facts.scopes,
        plan=shop.plan if facts.plan is None else facts.plan,
    )  # fmt: skip


def note(services: Services, shop: ShopId, deed: Deed, by: str, text: str = "") -> None:
    """A line of the journal that belongs to no proposal."""
    now = services.clock.now()
    services.journal.write(
        Entry(id=EntryId(uuid.uuid4().hex[:16]), shop_id=shop, deed=deed, at=now, by=by, note=text)
    )


def _same_store(draft: Shop, facts: StoreFacts) -> bool:
    """The store's own name for itself must be the one we know it by, or the host we reach it at."""
    host = facts.account.rpartition("://")[2].partition("/")[0].casefold()
    return host in {account_of(draft.id).casefold(), urlsplit(draft.endpoint).netloc.casefold()}


def _start_policy(services: Services, shop: ShopId, modes: Mapping[FunctionName, Mode]) -> None:
    if services.shops.policy(shop).version == 0:
        services.shops.save_policy(shop, Policy(modes=dict(modes)))


def _unsubscribe(services: Services, shop: Shop) -> None:
    try:
        services.open_store(shop).unsubscribe()
    except AppError:
        return  # the store no longer lets us in, so its webhooks end with our key
