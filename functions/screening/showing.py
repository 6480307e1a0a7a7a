"""What a merchant sees of a verdict: what it would cost either way, what was looked at, what to tell the buyer."""

from collections.abc import Iterator
from typing import Final

from chalicelib.contracts import Context
from chalicelib.domain.evidence import Evidence, Fact, Facts, Letter
from chalicelib.domain.orders import Order
from chalicelib.domain.screening import Ruling
from functions.screening import letters
from functions.screening.schema import feature
from functions.screening.verdicts import Judged

MOST_SEEN: Final = 12
COURSES: Final = {
    Ruling.APPROVE: "Let it go",
    Ruling.REVIEW: "Look at it while it goes its way",
    Ruling.HOLD: "Hold it until somebody has looked",
}


def evidence(context: Context, judged: Judged) -> tuple[Evidence, ...]:
    """In the order in which a page shows it."""
    return tuple(_pieces(context, judged))


def title(order: Order) -> str:
    """What people call the order."""
    name = order.number or order.id
    return f"Order {name}" if name.startswith("#") else f"Order #{name}"


def share(probability: float) -> str:
    """A probability in per cent; never as certain."""
    if not 0.001 <= probability <= 0.99:
        return "under 0.1 %" if probability < 0.5 else "over 99 %"
    return f"{100 * probability:.{1 if probability < 0.1 else 0}f} %"


def _pieces(context: Context, judged: Judged) -> Iterator[Evidence]:
    order, decided = judged.order, judged.decided
    if decided.losses:
        each = ((COURSES[verdict], f"{loss:.2f} {order.currency}") for verdict, loss in decided.losses.items())
        costs = tuple(Fact(label=label, value=value) for label, value in each)
        yield Facts(title="What each course costs, on average over such orders", facts=costs)
    if seen := list(_seen(judged)):
        yield Facts(title="What was looked at", facts=tuple(seen[:MOST_SEEN]))
    yield letter(context, judged)


def letter(context: Context, judged: Judged) -> Letter:
    """What the merchant may write to the buyer, in the order's language."""
    order = judged.order
    language = letters.language_of(order.locale, context.shop.primary_locale)
    text = letters.letter(language, order.number or order.id, judged.decided.reasons)
    return Letter(title="What you may write to the buyer", locale=language, text=text)


def _seen(judged: Judged) -> Iterator[Fact]:
    """Inputs that say something: those that are known, and not nothing."""
    for name, value in judged.row.items():
        if value is None or value == 0.0:
            continue
        yield Fact(label=feature(name).label, value=value if isinstance(value, str) else _number(value))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.2f}"
