"""Single texts on demand, and a function's memory handed out and taken in: what an interpreter offers people."""

from collections.abc import Sequence

from chalicelib.asking import ask
from chalicelib.contracts import Context, Interpreter, Said, Taken
from chalicelib.domain.events import Schedule, StoreEvent, event_id
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import Locale
from chalicelib.domain.shop import Policy, Shop
from chalicelib.errors import MalformedPayload, UnsupportedAction
from chalicelib.services import Services

LONGEST = 10_000
"""Characters of one message."""


def interpreter(services: Services) -> Interpreter:
    """The function that translates. Raises UnsupportedAction where none is registered."""
    for function in services.functions.values():
        if isinstance(function, Interpreter):
            return function
    raise UnsupportedAction("Nothing here translates single texts.")


def translate(services: Services, shop: Shop, policy: Policy, text: str, source: Locale, target: Locale) -> Said:
    """A review or a message in another language; nothing of it is kept, for it is a buyer's.

    Raises:
        MalformedPayload: no text, or too long a one.
        Retryable: the engine may answer later.
    """
    if not text.strip() or len(text) > LONGEST:
        raise MalformedPayload(f"Enter a text of at most {LONGEST:,} characters.")
    known = _context(services, shop, policy)
    errand = interpreter(services).errand(known, text, source, target)
    memory = services.memories.recall(shop.id, sorted(errand.memory))
    asked = ask(services, known, errand.plan(memory), keep=False)
    if asked.again is not None:
        raise asked.again
    return errand.answer(memory, asked.answers)


def export_memory(services: Services, shop: Shop, form: str) -> str:
    """Everything that was translated so far, as ``tmx`` or ``csv``. Raises MalformedPayload for another form."""
    found = interpreter(services)
    return found.export_memory(services.memories.all(shop.id, found.memory_prefix), form)


def import_memory(services: Services, shop: Shop, policy: Policy, document: str, form: str) -> Taken:
    """Take in a document. Raises MalformedPayload, saying what to mend; then nothing was taken."""
    taken = interpreter(services).import_memory(_context(services, shop, policy), document, form)
    services.memories.remember(shop.id, taken.entries)
    return taken


def conflicts(services: Services, shop: Shop, policy: Policy, target: Locale) -> Sequence[Reason]:
    """What contradicts itself in the shop's wishes for a language; nothing where no function translates."""
    found = next((one for one in services.functions.values() if isinstance(one, Interpreter)), None)
    return found.conflicts(_context(services, shop, policy), target) if found else ()


def _context(services: Services, shop: Shop, policy: Policy) -> Context:
    now = services.clock.now()
    event = StoreEvent(
        id=event_id("errand", shop.id, now.isoformat()), shop_id=shop.id, kind=Schedule.JOB, resource="",
        occurred_at=now, received_at=now, delivery=f"errand/{now.isoformat()}",
    )  # fmt: skip
    return Context(shop=shop, policy=policy, event=event, now=now)
