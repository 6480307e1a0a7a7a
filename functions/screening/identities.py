"""Who else an order is linked to: counters under keyed hashes, never under a person's own data.

    order ──► identities (e-mail, internet address, card, delivery address, customer) ──► counters
                 orders     how many orders of this identity in the last hour, day, thirty days
                 linked     how many different e-mails one card has been used with, and the like
                 offences   how many orders of this identity turned out to be fraud
                 together   how often this buyer came with this address, connection or card before
                 spent      what this buyer has spent, for "is this much for them?"

An order is observed before its counters are read, so every total includes the order itself, and two orders at the
same moment see each other.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from chalicelib.contracts import CounterKey, CounterUpdate
from chalicelib.domain.orders import Address, Order

HOUR, DAY, MONTH = 3_600, 86_400, 30 * 86_400
MEMORY: Final = 400 * 86_400
"""How long an offence, and what a buyer spent, is remembered."""
WINDOWS: Final[Mapping[str, int]] = {"1h": HOUR, "24h": DAY, "30d": MONTH}
VELOCITY: Final = ("email", "ip", "card", "address")
LINKS: Final = (("email", "ip"), ("email", "card"), ("email", "address"), ("card", "email"), ("card", "ip"))
"""(what is counted, per what): different e-mails per internet address, and so on."""
OFFENDERS: Final = ("email", "ip", "card", "address", "customer")
LINK_MEMORY: Final = 2 * MONTH
FAMILIAR: Final = ("address", "ip", "card")
"""What a buyer is seen with again and again, unless somebody else orders in their name."""
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})

type Identify = Callable[[str, str], str]


def email_identity(email: str) -> str:
    """One mailbox, one identity: without ``+tag``, and without the dots that Gmail ignores."""
    local, _, domain = email.strip().lower().rpartition("@")
    if not local or not domain:
        return ""
    local = local.partition("+")[0]
    return f"{local.replace('.', '') if domain in _GMAIL else local}@{domain}"


def ip_identity(ip: str) -> str:
    """An IPv4 address, or the /64 network that one IPv6 household has; free text as it is."""
    try:
        known = ipaddress.ip_address(ip.strip())
    except ValueError:
        return ip.strip()
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or ipaddress.IPv6Network((known, 64), strict=False))


def door(address: Address) -> str:
    """An address as letters and digits, so that spelling it with other spaces does not make it another one."""
    if not address.line_1.strip():
        return ""
    parts = (address.line_1, address.line_2, address.postcode, address.city, address.country)
    return "".join(sign for sign in "".join(parts).casefold() if sign.isalnum())


def card_identity(order: Order) -> str:
    """BIN, last four digits and expiry, as far as the store shows them; nothing without the last four."""
    paid = order.payment
    return f"{paid.card_bin}-{paid.card_last4}-{paid.card_expiry}" if paid.card_last4 else ""


def identities(order: Order, identify: Identify) -> Mapping[str, str]:
    """The order's identities as keyed hashes, without those that the store does not show."""
    plain = {
        "email": email_identity(order.email),
        "ip": ip_identity(order.ip),
        "card": card_identity(order),
        "address": door(order.shipping),
        "customer": order.customer_id,
    }
    hashed = {kind: identify(kind, value) for kind, value in plain.items() if value}
    return {kind: value for kind, value in hashed.items() if value}


def keys(order: Order, identify: Identify) -> frozenset[CounterKey]:
    """Every counter that the order's features read."""
    known = identities(order, identify)
    found = {orders_key(kind, known[kind], span) for kind in VELOCITY if kind in known for span in WINDOWS.values()}
    found |= {link_key(what, per, known[per]) for what, per in LINKS if what in known and per in known}
    found |= {offence_key(kind, known[kind]) for kind in OFFENDERS if kind in known}
    if buyer := known.get("email", ""):
        found |= {CounterKey("spent", buyer, MEMORY), CounterKey("bought", buyer, MEMORY)}
        found |= {together_key(buyer, kind, known[kind]) for kind in FAMILIAR if kind in known}
    return frozenset(found)


def updates(order: Order, identify: Identify) -> tuple[CounterUpdate, ...]:
    """What the order adds to counters; the same order counts once, however often it is screened."""
    known = identities(order, identify)
    return tuple(_updates(order, known))


def offences(order: Order, identify: Identify, known_at: datetime) -> tuple[CounterUpdate, ...]:
    """What to count once the order turned out to be fraud, at the moment when that became known."""
    return tuple(
        CounterUpdate(offence_key(kind, subject), known_at, order.id)
        for kind, subject in identities(order, identify).items()
    )


def orders_key(kind: str, subject: str, window_s: int) -> CounterKey:
    """Orders of one identity. Windows share their rows: what is counted once is seen through each of them."""
    return CounterKey(f"orders_{kind}", subject, window_s)


def link_key(what: str, per: str, subject: str) -> CounterKey:
    """Different identities of one kind met with one of another kind, in this month and the last."""
    return CounterKey(f"{what}s_per_{per}", subject, LINK_MEMORY)


def offence_key(kind: str, subject: str) -> CounterKey:
    """Orders of one identity that turned out to be fraud."""
    return CounterKey(f"offences_{kind}", subject, MEMORY)


def together_key(buyer: str, kind: str, subject: str) -> CounterKey:
    """Orders of a buyer with one address, connection or card."""
    return CounterKey(f"together_{kind}_{subject}", buyer, MEMORY)


def _updates(order: Order, known: Mapping[str, str]) -> Iterator[CounterUpdate]:
    at = order.created_at
    for kind in VELOCITY:
        if kind in known:
            yield CounterUpdate(orders_key(kind, known[kind], MONTH), at, order.id)
    for what, per in LINKS:
        if what in known and per in known:
            yield CounterUpdate(link_key(what, per, known[per]), month_start(at), known[what])
    if buyer := known.get("email", ""):
        yield CounterUpdate(CounterKey("spent", buyer, MEMORY), at, order.id, max(0, order.total.minor))
        yield CounterUpdate(CounterKey("bought", buyer, MEMORY), at, order.id)
        for kind in FAMILIAR:
            if kind in known:
                yield CounterUpdate(together_key(buyer, kind, known[kind]), at, order.id)


def month_start(at: datetime) -> datetime:
    """The start of a block of thirty days: an identity met twice within it is one row, and counts once."""
    block = int(at.timestamp()) // MONTH
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=block * MONTH)
