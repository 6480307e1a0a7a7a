"""From what is known of an event to a verdict on its order, which stands until the order itself changes.

    seen before, and unchanged since ──► the verdict that stands
    otherwise                        ──► features, score, cost ──► a fresh verdict
"""

import json
from dataclasses import dataclass, replace

from chalicelib.contracts import Context, Models
from chalicelib.domain.events import EventKind
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import ProductId
from chalicelib.domain.orders import Order, PaymentState, placed_at
from chalicelib.domain.screening import Ruling, Screening
from functions.screening import identities, night, pace, rules, usual
from functions.screening.deciding import Attention, Decided, Stake, decide, stake
from functions.screening.features import Known, Row, features
from functions.screening.scoring import Scored, score

LOOKS = "looks"
"""The day's allowance of orders that a person is asked to look at."""

FULL = "A look would pay, but today's looks go to orders that need them more"
FAIR = "A look would pay, but honest orders to this country are held up more often than others, so the bar is higher"

JUDGED = frozenset({
    EventKind.ORDER_CREATED, EventKind.ORDER_CHANGED, EventKind.ORDER_ROUTED, EventKind.RISK_CHANGED,
})  # fmt: skip
"""Events upon which an order is judged, or what was decided is carried out. The others tell how it ended."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on an order, fresh or standing."""

    order: Order
    decided: Decided
    row: Row
    standing: Screening | None = None
    """The verdict that stands, where nothing of the order has changed since."""

    fair_bar: float = 0.0
    """What a look must save at least for the sake of fairness between countries, where that decided."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why; and why not, where a look would have paid."""
        if not self.decided.crowded_out or self.standing is not None:
            return self.decided.reasons
        return (*self.decided.reasons, Reason(text=FAIR if self.fair_bar else FULL))

    @property
    def why(self) -> str:
        """What the ruling rests on, in one word."""
        if self.decided.probability is None:
            return "undecided"
        return ("fairness" if self.fair_bar else "budget") if self.decided.crowded_out else "cost"

    @property
    def settled(self) -> bool:
        """Whether a person has decided on this very state of the order."""
        return self.standing is not None and self.standing.override is not None


class Unjudgeable(Exception):
    """Something about this order could not be worked with; the cause says what."""


def subject(known: Context) -> Order | None:
    """The order that the event is about, its clock set right."""
    for order in known.orders.values():
        return replace(order, created_at=placed_at(order, known.event.received_at), number=plain(order.number))
    return None


def plain(text: str, longest: int = 60) -> str:
    """Text that any store of ours can hold: half a character becomes a question mark."""
    return text[:longest].encode("utf-8", "replace").decode()


def wanted(known: Context, order: Order) -> bool:
    """Whether the event asks for a verdict: one on an order that was sent, cancelled or paid back helps nobody."""
    return known.event.kind in JUDGED and not over(order)


def over(order: Order) -> bool:
    """Whether it was sent, cancelled or paid back."""
    return order.fulfilled or order.cancelled_at is not None or order.payment_state in _PAID_BACK


_PAID_BACK = frozenset({PaymentState.REFUNDED, PaymentState.VOIDED})


def standing(known: Context, order: Order) -> Screening | None:
    """The verdict on exactly this state of the order."""
    before = known.screenings.get(order.id)
    return before if before is not None and before.decided_on == state_of(known, order) else None


def state_of(known: Context, order: Order) -> str:
    """A keyed name for everything of an order that a verdict rests on."""
    lines = [[line.product_id, line.variant_id, line.quantity, str(line.unit_price)] for line in order.lines]
    others = sorted([verdict.provider, verdict.risk] for verdict in order.verdicts if not verdict.ours)
    doors = [identities.door(order.billing), identities.door(order.shipping)]
    places = [order.billing.country, order.shipping.country, *doors]
    paid, who = order.payment, [order.email, order.phone, order.ip, order.customer_id]
    card = [paid.gateway, paid.avs_result, paid.cvv_result, identities.card_identity(order)]
    seen = [str(order.total), str(order.discount), lines, others, places, card, who, list(map(list, order.signals))]
    return known.identify("order", json.dumps(seen, ensure_ascii=True, default=str))


def judge(known: Context, order: Order, models: Models) -> Judged:
    """The verdict; with what is left of the day's looks. Raises Unjudgeable."""
    if before := standing(known, order):
        return Judged(order, recalled(before), before.inputs, before)
    try:
        row = row_of(known, order)
        scored, at = score(models, [row]), stake(order, known.policy.orders, _cost(known, order))
        attention = _attention(known)
        decided = decide(row, scored, at, attention)
        fair = _fair_bar(known, order)
        if fair > attention.bar and decided.verdict is not Ruling.APPROVE and decided.probability is not None:
            decided, fair = _fairly(row, scored, at, attention, fair)
            return Judged(order, decided, row, fair_bar=fair)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unjudgeable from error
    return Judged(order, decided, row)


def undecided(order: Order) -> Judged:
    """What is left where nothing could be computed: a person."""
    return Judged(order, Decided(Ruling.REVIEW, None, reasons=rules.rules({})), {})


def _fairly(row: Row, scored: Scored | None, at: Stake, attention: Attention, bar: float) -> tuple[Decided, float]:
    """The verdict under the bar of the order's country, and that bar where it made the difference."""
    decided = decide(row, scored, at, replace(attention, bar=bar))
    return decided, bar if decided.crowded_out else 0.0


def _fair_bar(known: Context, order: Order) -> float:
    """Kept by the night's look at whose honest buyers are held up more often."""
    return night.bars_of(known.memory.get(night.MITIGATION_KEY, "")).get(country(order), 0.0)


def country(order: Order) -> str:
    """Where it goes, else where it is billed: a country's code; free text is nobody's country."""
    found = (order.shipping.country or order.billing.country).strip().upper()
    return found if len(found) == 2 and found.isascii() and found.isalpha() else ""


def row_of(known: Context, order: Order) -> Row:
    """The order as the model sees it."""
    about = Known(
        counters=known.counters, identify=known.identify, usual=usual_of(known), timezone=known.shop.timezone,
        ip_country=known.locate(order.ip),
    )  # fmt: skip
    return features(order, about)


def usual_of(known: Context) -> usual.Usual:
    """What is usual in this shop."""
    return usual.read_usual(known.memory.get(usual.MEMORY_KEY, ""))


def recalled(before: Screening) -> Decided:
    """A kept verdict as it was decided."""
    costs = {Ruling(name): cost for name, cost in before.costs.items()}
    saved = costs[Ruling.APPROVE] - min(costs.values()) if costs else 0.0
    return Decided(
        before.ruling, before.probability, costs, saved, before.reasons, before.model,
        crowded_out=before.why == "budget",
    )  # fmt: skip


def _attention(known: Context) -> Attention:
    per_day = known.policy.orders.reviews_per_day
    left = max(0, per_day - known.allowances.get(LOOKS, 0))
    return Attention(left, pace.read(known.memory.get(pace.MEMORY_KEY, "")).bar(known.now, left))


def _cost(known: Context, order: Order) -> float | None:
    """What the goods cost the merchant: line by line where the catalogue knows, by the usual margin elsewhere."""
    share = 1 - float(known.policy.orders.margin_pct) / 100
    total, found = 0.0, False
    for line in order.lines:
        product = known.catalogue.get(line.product_id) if line.product_id else None
        variants = product.variants if product else ()
        cost = next((v.cost for v in variants if v.id == line.variant_id and v.cost), None)
        if cost is not None and cost.currency == order.currency:
            total, found = total + float(cost.amount) * line.quantity, True
        else:
            total += float(line.unit_price.amount) * line.quantity * share
    return total if found else None


def goods(order: Order) -> frozenset[ProductId]:
    """The products of an order that our catalogue may know."""
    return frozenset(line.product_id for line in order.lines if line.product_id)
