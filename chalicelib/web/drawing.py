"""How each action is shown: before and after for what they are, in merchant words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.actions import (
    Action,
    AssessOrder,
    HoldOrder,
    PublishTranslation,
    Reversal,
    SetPrice,
    SetRecommendations,
    Snapshot,
    TagOrder,
    Value,
)
from chalicelib.domain.catalogue import Product
from chalicelib.domain.evidence import ProductCards
from chalicelib.domain.ids import ProductId, ShopId
from chalicelib.domain.money import Money
from chalicelib.domain.proposals import Proposal
from chalicelib.services import Services
from chalicelib.web.wording import field_label, field_order

type Names = Mapping[ProductId, Product]
"""Products as our mirror has them, for their titles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing before or after a change."""

    text: str | Money
    note: str = ""
    new: bool = False
    gone: bool = False
    struck: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A change as people see it."""

    kind: str
    """``list``, ``price``, ``text``, ``risk`` or ``flag``: which template draws it."""
    title: str
    subtitle: str
    approve: str
    """What the button says: a verb and a noun."""
    before: tuple[Item, ...]
    after: tuple[Item, ...]
    warning: str = ""


def draw(proposal: Proposal, names: Mapping[ProductId, Product]) -> Drawing:
    """A proposal's change; titles come from the mirror of the catalogue, else from its evidence."""
    known = {**_titles(proposal), **{name: product.title for name, product in names.items()}}
    return draw_change(proposal.action, proposal.before, proposal.title, known)


def draw_change(action: Action, before: Snapshot | None, title: str, known: Mapping[ProductId, str]) -> Drawing:
    """One action against what was there."""
    was = before.value if before is not None else None
    match action:
        case SetRecommendations():
            return _list(action, was, title, known)
        case SetPrice():
            return _price(action, was, title, known)
        case PublishTranslation():
            return _text(action, was, title, known)
        case AssessOrder():
            return _risk(action, was, title)
        case HoldOrder() | TagOrder():
            return _flag(action, was, title)


def products_of(proposals: Iterable[Proposal]) -> list[ProductId]:
    """Every product whose title a drawing wants."""
    wanted: set[ProductId] = set()
    for proposal in proposals:
        wanted |= set(named(proposal.action, proposal.before))
    return sorted(wanted)


def fetch_names(services: Services, shop: ShopId, proposals: Sequence[Proposal]) -> Mapping[ProductId, Product]:
    """The products that these proposals name, in one read of our mirror."""
    wanted = products_of(proposals)
    return services.catalogue.many(shop, wanted) if wanted else {}


def named(action: Action, before: Snapshot | None) -> tuple[ProductId, ...]:
    """Every product that an action, or what was there before it, names."""
    match action:
        case SetRecommendations():
            return (action.product_id, *action.product_ids, *_ids(before.value if before else None))
        case SetPrice():
            return (action.product_id,)
        case PublishTranslation():
            return (ProductId(action.resource_id),)
        case AssessOrder() | HoldOrder() | TagOrder():
            return ()


def _ids(value: Value) -> tuple[ProductId, ...]:
    return tuple(ProductId(one) for one in value) if isinstance(value, tuple) else ()


def _titles(proposal: Proposal) -> dict[ProductId, str]:
    cards = (card for one in proposal.evidence if isinstance(one, ProductCards) for card in one.cards)
    return {card.product_id: card.title for card in cards}


def _list(action: SetRecommendations, was: Value, title: str, known: Mapping[ProductId, str]) -> Drawing:
    old, new = _ids(was), action.product_ids
    return Drawing(
        kind="list", title=title or known.get(action.product_id, f"Product {action.product_id}"),
        subtitle={"complementary": "Goes well with", "related": "You may also like"}[action.slot],
        approve="Approve products",
        before=tuple(Item(text=known.get(p, f"Product {p}"), gone=p not in new) for p in old),
        after=tuple(Item(text=known.get(p, f"Product {p}"), new=p not in old) for p in new),
    )  # fmt: skip


def _price(action: SetPrice, was: Value, title: str, known: Mapping[ProductId, str]) -> Drawing:
    now = Item(text=action.price, struck=action.compare_at, new=True)
    return Drawing(
        kind="price", title=title or known.get(action.product_id, f"Product {action.product_id}"),
        subtitle=action.market or "", approve="Approve price",
        before=tuple(_held_price(was)), after=(now,),
    )  # fmt: skip


def _held_price(was: Value) -> Iterable[Item]:
    if isinstance(was, Mapping) and was.get("price"):
        currency, struck = str(was["currency"]), was.get("compare_at")
        crossed = Money.parse(str(struck), currency) if struck else None
        yield Item(text=Money.parse(str(was["price"]), currency), struck=crossed)


def change_pct(drawing: Drawing) -> float | None:
    """By how many percent a price moves; None for everything else."""
    if drawing.kind != "price" or not drawing.before:
        return None
    old, new = drawing.before[0].text, drawing.after[0].text
    if not isinstance(old, Money) or not isinstance(new, Money) or not old.amount:
        return None
    return float((new.amount / old.amount - 1) * 100)


def _text(action: PublishTranslation, was: Value, title: str, known: Mapping[ProductId, str]) -> Drawing:
    held = was if isinstance(was, Mapping) else {}
    name = known.get(ProductId(action.resource_id), action.resource_id)
    fields = sorted(action.fields, key=lambda field: field_order(field.key))
    where = f"{action.locale} · {action.market}" if action.market else action.locale
    return Drawing(
        kind="text", title=title or name, subtitle=where, approve="Approve translation",
        before=tuple(Item(text=str(held[f.key]), note=field_label(f.key)) for f in fields if held.get(f.key)),
        after=tuple(Item(text=f.value, note=field_label(f.key), new=held.get(f.key) != f.value) for f in fields),
    )  # fmt: skip


def _risk(action: AssessOrder, was: Value, title: str) -> Drawing:
    return Drawing(
        kind="risk", title=title or f"Order {action.order_id}", subtitle="", approve="Approve assessment",
        before=(Item(text=f"{was} risk"),) if isinstance(was, str) and was else (),
        after=(Item(text=f"{action.risk} risk", note=str(action.risk), new=True),),
    )  # fmt: skip


def _flag(action: HoldOrder | TagOrder, was: Value, title: str) -> Drawing:
    holds = isinstance(action, HoldOrder)
    words = "On hold until somebody has looked" if isinstance(action, HoldOrder) else f"Tagged “{action.tag}”"
    return Drawing(
        kind="flag", title=title or f"Order {action.resource}", subtitle="",
        approve="Hold order" if holds else "Add tag",
        before=(Item(text=words),) if was else (), after=(Item(text=words, new=True),),
        warning=_mailed(action),
    )  # fmt: skip


def _mailed(action: HoldOrder | TagOrder) -> str:
    """What the store will write to the buyer, and when."""
    if isinstance(action, TagOrder):
        return ""
    if action.mails_buyer:
        return "This store tells the buyer by mail, and that cannot be undone."
    if action.release_mails_buyer:
        return "The buyer is not told of the hold. Once it is lifted, this store mails that the order is in process."
    return ""


def undo_word(action: Action) -> str:
    """What the button says that takes it back."""
    return "Release order" if isinstance(action, HoldOrder) else "Undo"


def reversible(action: Action) -> str:
    """What undoing means for this action, in a sentence."""
    match action.reversal:
        case Reversal.EXACT:
            return "Undo puts back exactly what was there."
        case Reversal.COMPENSATING:
            return "Undo is a second change that takes this one back."
        case Reversal.NONE:
            return "This cannot be undone."
