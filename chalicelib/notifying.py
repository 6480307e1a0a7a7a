"""Mail to members: what cannot wait at once, everything else once a day; each kind can be turned off.

A message names shops and counts, never a buyer. What was told is remembered, so that nothing is told twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.actions import HoldOrder
from chalicelib.domain.ids import ShopId
from chalicelib.domain.journal import Deed, Problem
from chalicelib.domain.shop import Shop
from chalicelib.services import Services
from chalicelib.web.accounts import Accounts, Person
from chalicelib.web.post import send

TOLD = "told|"
"""Before the keys of the shop's memory that say what was told."""

COUNTED = 200
LOOKED_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that cannot wait, and where to act on it."""

    key: str
    text: str
    link: str


def urgent(services: Services, shop: Shop) -> int:
    """Tell members at once of urgent problems and orders that wait to be held; says how many messages went."""
    fresh = _untold(services, shop.id, list(_matters(services, shop)))
    if not fresh:
        return 0
    lines = [f"- {matter.text}\n  {matter.link}" for matter in fresh]
    text = f"{shop.name} needs you:\n\n" + "\n".join(lines) + _footer(services)
    sent = _to_members(services, shop.id, f"{shop.name} needs you", text, lambda person: person.urgent)
    services.memories.remember(shop.id, {TOLD + matter.key: services.clock.now().isoformat() for matter in fresh})
    return sent


def digest(services: Services, shop: Shop) -> int:
    """Tell members what waits and what was done since yesterday; a day without either is not worth a mail."""
    text = _digest(services, shop)
    if not text:
        return 0
    return _to_members(services, shop.id, f"{shop.name}: your day", text, lambda person: person.digest)


def _matters(services: Services, shop: Shop) -> Iterator[Matter]:
    base = f"{services.settings.base_url}/s/{shop.id}"
    for problem in services.problems.all(shop.id):
        if problem.severity == "urgent":
            yield Matter(_name(problem), problem.message, base)
    for name in services.functions:
        for proposal in services.proposals.waiting(shop.id, name, limit=COUNTED):
            if isinstance(proposal.action, HoldOrder):
                words = f"{proposal.title or proposal.action.order_id}: an order waits to be held."
                yield Matter(f"hold|{proposal.id}", words, f"{base}/proposals/{proposal.id}")


def _name(problem: Problem) -> str:
    """Opened anew, it is told anew."""
    return f"problem|{problem.code}|{problem.subject}|{problem.opened_at.isoformat()}"


def _untold(services: Services, shop: ShopId, matters: Sequence[Matter]) -> list[Matter]:
    told = services.memories.recall(shop, [TOLD + matter.key for matter in matters]) if matters else {}
    return [matter for matter in matters if TOLD + matter.key not in told]


def _digest(services: Services, shop: Shop) -> str:
    base = f"{services.settings.base_url}/s/{shop.id}"
    lines = [*_waiting(services, shop, base), *_done(services, shop, base)]
    if not lines:
        return ""
    problems = sum(1 for _ in services.problems.all(shop.id))
    attention = [f"{problems} things need attention: {base}"] if problems else []
    return f"{shop.name}\n\n" + "\n".join([*attention, *lines]) + _footer(services)


def _waiting(services: Services, shop: Shop, base: str) -> Iterator[str]:
    for name, function in services.functions.items():
        count = sum(1 for _ in services.proposals.waiting(shop.id, name, limit=COUNTED))
        if count:
            more = " or more" if count == COUNTED else ""
            yield f"{function.label}: {count}{more} wait for you: {base}/review?function={name}"


def _done(services: Services, shop: Shop, base: str) -> Iterator[str]:
    since = services.clock.now() - LOOKED_BACK
    recent = services.journal.entries(shop.id, until=services.clock.now(), months=2, limit=5 * COUNTED)
    applied = sum(1 for one in recent if one.deed is Deed.APPLIED and one.at >= since)
    if applied:
        yield f"{applied} changes were applied since yesterday: {base}/activity"


def _footer(services: Services) -> str:
    return f"\n\nWhich mails you get is up to you: {services.settings.base_url}/account\n"


def _to_members(services: Services, shop: ShopId, subject: str, text: str, wants: Callable[[Person], bool]) -> int:
    accounts = Accounts(services.records, services.settings.master_key)
    people = {person.email: person for person in accounts.looking_after(shop) if wants(person)}
    for email in sorted(people):
        send(services, email, subject, text)
    return len(people)
