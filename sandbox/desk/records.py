"""``tradewind journal``, ``undo``, ``appeal`` and ``replay``: what was done, taking it back, accounting for it, and
what nobody could do."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chalicelib import deciding, looking
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.domain.events import from_message
from chalicelib.domain.ids import OrderId, ProposalId, ShopId
from chalicelib.domain.journal import Deed, Entry
from chalicelib.errors import AppError, Gone
from chalicelib.services import Services
from sandbox import desk


def journal(options: argparse.Namespace) -> int:
    """The newest lines of the journal, of one shop or of all."""
    services = desk.services()
    table = Table("when", "shop", "what", "where", "by", "proposal", "from", "to")
    for entry in _newest(services, options.shop, options.lines):
        table.add_row(
            f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.shop_id, str(entry.deed), entry.title or entry.target,
            entry.by, entry.proposal_id, _value(entry.before), _value(entry.after),
        )  # fmt: skip
    Console().print(table)
    return 0


def undo(options: argparse.Namespace) -> int:
    """Take back one change, all of a day, or everything that was applied."""
    services = desk.services()
    shop = ShopId(options.shop)
    wanted = [ProposalId(options.proposal)] if options.proposal else _applied(services, shop, options.day)
    failed = 0
    for proposal in wanted:
        try:
            undone = deciding.undo(services, shop, proposal, "operator")
            print(f"undone: {undone.target}")
        except AppError as error:
            failed += 1
            print(f"left alone: {proposal}: {error.merchant_message}", file=sys.stderr)
    print(f"{len(wanted) - failed} undone, {failed} left alone")
    return 1 if failed else 0


def replay(options: argparse.Namespace) -> int:
    """Show what lies in the dead-letter queue, and put it back to work."""
    from chalicelib import aws

    services = desk.services()
    dead = SqsQueue(aws.clients().sqs, desk.dead_letters_url())
    count = 0
    while batch := dead.take(10):
        for message in batch:
            event = from_message(message.body)
            print(f"{event.shop_id} {event.kind} {event.resource} of {event.occurred_at:%Y-%m-%d %H:%M:%S}")
            queue = services.schedule if event.scheduled else services.queue
            queue.send(message.body, group=event.shop_id)
            dead.delete(message)
            count += 1
    print(f"{count} messages sent to work again")
    return 0


def _newest(services: Services, shop: str, lines: int) -> Iterable[Entry]:
    shops = [ShopId(shop)] if shop else [found for found, _ in services.shops.all()]
    now = services.clock.now()
    every = [entry for one in shops for entry in services.journal.entries(one, until=now, limit=lines)]
    return sorted(every, key=lambda entry: entry.at, reverse=True)[:lines]


def _applied(services: Services, shop: ShopId, day: str) -> list[ProposalId]:
    """Newest first, so that changes on top of changes come off in order."""
    entries = services.journal.entries(shop, until=services.clock.now())
    undone: set[ProposalId] = set()
    found: list[ProposalId] = []
    for entry in entries:
        if entry.deed is Deed.UNDONE:
            undone.add(entry.proposal_id)
        elif (
            entry.deed is Deed.APPLIED
            and entry.proposal_id not in undone
            and f"{entry.at:%Y-%m-%d}".startswith(day)
        ):
            found.append(entry.proposal_id)
    return found


def _value(snapshot: object) -> str:
    value = getattr(snapshot, "value", None)
    text = "" if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 40 else text[:37] + "…"


def appeal(options: argparse.Namespace) -> int:
    """Write the record of one order's screening, for a buyer who asks, or for whoever judges an appeal."""
    try:
        found = looking.record(desk.services(), ShopId(options.shop), OrderId(options.order))
    except Gone as error:
        sys.exit(error.merchant_message)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    if options.out:
        Path(options.out).write_text(text + "\n", encoding="utf-8")
        print(f"written to {options.out}")
    else:
        print(text)
    return 0
