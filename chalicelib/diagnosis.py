"""What is well and what is not, for the operator who asks: each finding says what to do about it.

Looked at: the deployment (settings, queues, shipped models), and per shop its credentials, permissions, webhooks,
clock, models, last event and last reconciliation.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib import connecting, syncing
from chalicelib.contracts import Finding, StoreClient, StoreFacts
from chalicelib.domain.ids import ShopId
from chalicelib.domain.shop import Shop, ShopState
from chalicelib.errors import AppError
from chalicelib.inference import shipped_names
from chalicelib.ports import Queue
from chalicelib.services import Services

CROWDED = 1_000
"""Messages above which a queue is behind."""

SKEW = timedelta(seconds=60)
"""How far our clock may be off a store's: signed links are refused beyond 90 seconds, OAuth beyond 15 minutes."""

QUIET, UNRECONCILED = timedelta(days=3), timedelta(hours=3)


def deployment(services: Services) -> Iterator[Finding]:
    """What all shops share."""
    yield from _apps(services)
    yield from _queue("work", services.queue)
    yield from _queue("schedule", services.schedule)
    yield from _shipped(services)


def shop(services: Services, name: ShopId) -> Iterator[Finding]:
    """One shop. Raises Gone for one that there is not."""
    known = services.shops.get(name)
    if known.state is not ShopState.CONNECTED:
        yield Finding("state", False, f"The shop is {known.state}.", "Its merchant can connect it again at any time.")
        return
    client = services.open_store(known)
    try:
        facts = client.facts()
    except AppError as error:
        yield Finding("credentials", False, f"The store does not let us in: {error}", _again(services, known))
        return
    yield from _credentials(services, known)
    yield from _scopes(services, known, facts)
    yield from _webhooks(services, known, client)
    yield from _clock(services, facts)
    yield from _models(services, known)
    yield from _heard(services, known)
    yield from _reconciled(services, known)
    yield from _problems(services, known)


def _apps(services: Services) -> Iterator[Finding]:
    for name, marketplace in services.marketplaces.items():
        if marketplace.app is not None:
            settings = services.settings
            there = bool(settings.app_ids.get(name) and settings.app_secrets.get(name))
            said = f"The app at {marketplace.label} is {'known' if there else 'not set'}."
            remedy = f"Set TRADEWIND_APP_IDS and TRADEWIND_APP_SECRETS ({name}=…) to let merchants install it."
            yield Finding("app", there, said, "" if there else remedy)


def _queue(name: str, queue: Queue) -> Iterator[Finding]:
    depth = queue.depth()
    remedy = "Look at the workers' throttles and errors, then at the stores' answers (circuit breakers)."
    yield Finding("queue", depth < CROWDED, f"About {depth} messages wait in the {name} queue.",
                  remedy if depth >= CROWDED else "")  # fmt: skip


def _shipped(services: Services) -> Iterator[Finding]:
    models = services.models(ShopId("none:none"))
    names = [name for name in shipped_names() if models.get(name)]
    for fault in models.faults:
        yield Finding("artifacts", False, f"A shipped model is broken: {fault}", "Build the archive again.")
    yield Finding("artifacts", True, f"Shipped models load: {', '.join(names) or 'none'}.")


def _credentials(services: Services, known: Shop) -> Iterator[Finding]:
    held, _ = services.shops.credentials(known.id)
    if held.expires_at is None:
        yield Finding("credentials", True, "The store lets us in; the key does not run out.")
        return
    left = held.expires_at - services.clock.now()
    words = f"runs for {left // timedelta(minutes=1)} more minutes" if left > timedelta(0) else "is renewed at next use"
    yield Finding("credentials", True, f"The store lets us in; the token {words}.")


def _scopes(services: Services, known: Shop, facts: StoreFacts) -> Iterator[Finding]:
    marketplace = services.marketplaces[known.marketplace]
    closed = sorted(marketplace.capabilities - marketplace.abilities(connecting.with_facts(known, facts)))
    if not closed:
        yield Finding("scopes", True, "Everything that the functions can do is allowed here.")
        return
    said = f"Not possible here: {', '.join(closed).replace('_', ' ')}."
    remedy = "Approve the app's permissions in the store, or add the plug-in that gives them a place."
    yield Finding("scopes", not facts.scopes, said, remedy)  # a plug-in that is not there is no fault


def _webhooks(services: Services, known: Shop, client: StoreClient) -> Iterator[Finding]:
    try:
        states = [state for state in client.webhooks() if state.by_us]
    except AppError as error:
        yield Finding("webhooks", False, f"They cannot be listed: {error}", "Try again; then look at the permissions.")
        return
    address = connecting.address(services, known)
    bad = [state.topic for state in states if not state.active or state.address != address]
    if bad:
        yield Finding("webhooks", False, f"Switched off or pointing elsewhere: {', '.join(sorted(bad))}.",
                      f"tradewind shops reconcile {known.id}")  # fmt: skip
    elif states:
        yield Finding("webhooks", True, f"{len(states)} webhooks are active and point here.")
    elif services.marketplaces[known.marketplace].app is not None:
        yield Finding("webhooks", True, "They are declared by the app's own configuration file, if that is deployed.")
    else:
        yield Finding("webhooks", False, "There are none.", f"tradewind shops reconcile {known.id}")


def _clock(services: Services, facts: StoreFacts) -> Iterator[Finding]:
    if facts.told_at is None:
        yield Finding("clock", True, "The store does not tell its time.")
        return
    off = services.clock.now() - facts.told_at
    fine = abs(off) <= SKEW
    said = f"Our clock and the store's differ by {abs(off) // timedelta(seconds=1)} seconds."
    remedy = "" if fine else "Mend the clock that is wrong: signatures beyond 90 seconds are refused."
    yield Finding("clock", fine, said, remedy)


def _models(services: Services, known: Shop) -> Iterator[Finding]:
    models = services.models(known.id)
    names = [name for name, _ in services.artifacts.all(known.id) if models.get(name)]
    for fault in models.faults:
        yield Finding("models", False, f"A model of this shop is broken: {fault}",
                      "The one before it is used meanwhile; the next training replaces it.")  # fmt: skip
    yield Finding("models", True, f"Learnt for this shop: {', '.join(sorted(names)) or 'nothing yet'}.")


def _heard(services: Services, known: Shop) -> Iterator[Finding]:
    at = services.claims.last_heard(known.id)
    fine = at is not None and services.clock.now() - at <= QUIET
    said = "No webhook was ever processed." if at is None else f"The last webhook was processed {_ago(services, at)}."
    yield Finding("last_event", fine, said, "" if fine else "Save a product in the store, and look whether it arrives.")


def _reconciled(services: Services, known: Shop) -> Iterator[Finding]:
    word = services.memories.recall(known.id, [syncing.RECONCILED]).get(syncing.RECONCILED)
    if word is None:
        yield Finding("last_reconciliation", False, "The first sync is not finished.", "See its progress on the page.")
        return
    at = datetime.fromisoformat(word)
    fine = services.clock.now() - at <= UNRECONCILED
    remedy = "" if fine else f"tradewind shops reconcile {known.id}, and see that the clock's schedule runs."
    yield Finding("last_reconciliation", fine, f"Last held against the store {_ago(services, at)}.", remedy)


def _problems(services: Services, known: Shop) -> Iterator[Finding]:
    for problem in services.problems.all(known.id):
        yield Finding("problem", False, problem.message, "See the shop's home page.")


def _ago(services: Services, at: datetime) -> str:
    minutes = (services.clock.now() - at) // timedelta(minutes=1)
    return f"{minutes} minutes ago" if minutes < 120 else f"{minutes // 60} hours ago"


def _again(services: Services, known: Shop) -> str:
    if services.marketplaces[known.marketplace].app is not None:
        return "Let the merchant open the app in the store's admin: that renews its token."
    return f"Let the merchant connect the store again at {services.settings.base_url}/connect."
