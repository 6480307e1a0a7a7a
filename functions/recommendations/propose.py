"""Recommendations as a function: an order rescores the products it touched, a product event its own lists,
and once trained the whole catalogue, some products at a time.

A product nobody has bought yet borrows: what resembles it, and what goes with that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import (
    Answers,
    Artifact,
    Capability,
    Context,
    CounterUpdate,
    Decision,
    EngineRequest,
    Material,
    Model,
    Models,
    Needs,
)
from chalicelib.domain.actions import SetRecommendations, Slot, Snapshot
from chalicelib.domain.catalogue import Product
from chalicelib.domain.events import EventKind, Schedule, Trigger
from chalicelib.domain.evidence import Card, ProductCards, Reason
from chalicelib.domain.ids import FunctionName, ProductId, Target
from chalicelib.domain.proposals import ModelVersion, Proposal, proposal_id
from functions.recommendations.companions import COMPANIONS, LISTED, asked, read_companions
from functions.recommendations.train import SIMILAR, read_resemblance, train

NAME = FunctionName("recommendations")
MOST_TOUCHED = 20
"""Products of one order whose lists are looked at; a wholesale order of hundreds teaches through training."""
SPARE = 3
"""Candidates per place in a list: some will be sold out, hidden or excluded."""
BORROWED = 5
"""Similar products whose companions an unsold product borrows."""
FEWEST = 2
"""A list of one is none."""
_MOST_OF_A_TYPE = 0.5
"""Of a complementary list, at most this share may be of one product type."""

_TOGETHER = "Bought together in {count} of {total} orders"
_BORROWED = "Often bought with {title}, which is much like it"
_ALIKE = "Much alike: {words}"
_PINNED = "You pinned it"
_SPOILT = "The list shows what can no longer be bought"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A product that might be shown, how strongly, and why."""

    product: ProductId
    score: float
    reason: Reason


class Recommendations:
    """What goes with a product, and what could stand in its place."""

    name = NAME
    label = "Recommendations"
    triggers: frozenset[Trigger] = frozenset(
        {EventKind.ORDER_CREATED, EventKind.PRODUCT_CHANGED, Schedule.PROPOSE}
    )
    capabilities = frozenset({Capability.RECOMMEND_COMPLEMENTARY, Capability.RECOMMEND_RELATED})

    def reads(self, known: Context, models: Models) -> Needs:
        """The touched products and every candidate from our mirror, and both lists as they stand."""
        touched = _touched(known)
        wanted = set(touched)
        for product in touched:
            for slot in Slot:
                wanted |= {candidate.product for candidate in _candidates(known, models, product, slot)}
        targets = frozenset(
            SetRecommendations(product_id=product, slot=slot, product_ids=())
            for product in touched
            for slot in Slot
        )
        wanted |= {product for snapshot in known.snapshots.values() for product in _shown(snapshot)}
        return Needs(catalogue=frozenset(wanted), targets=targets if models.get(SIMILAR) else frozenset())

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        """Nothing is counted."""
        return ()

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        """Nothing is asked for."""
        return ()

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        """A list per touched product and slot, where there is enough to show."""
        touched = _touched(context)
        found = [p for product in touched for slot in Slot for p in _list(context, models, product, slot)]
        notes = (
            []
            if models.get(SIMILAR)
            else ["There is no model yet; the first is trained after the first sync."]
        )
        return Decision(proposals=found, considered=len(touched) * len(Slot), notes=notes)

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        """See functions.recommendations.train."""
        return train(material, progress)


def _touched(known: Context) -> Sequence[ProductId]:
    """The products that an event is about."""
    if known.event.kind is EventKind.ORDER_CREATED:
        lines = [
            line.product_id for order in known.orders.values() for line in order.lines if line.product_id
        ]
        return tuple(dict.fromkeys(lines))[:MOST_TOUCHED]
    return tuple(ProductId(part) for part in known.event.resource.split(",") if part)


def _list(context: Context, models: Models, product: ProductId, slot: Slot) -> Iterator[Proposal]:
    """The proposal for one list; none where the product is gone, hidden, or too little fits."""
    goods = {**context.catalogue, **context.products}
    own = goods.get(product)
    action = SetRecommendations(product_id=product, slot=slot, product_ids=())
    if own is None or action.target not in context.snapshots:
        return
    fit = _fitting(context, goods, own, _candidates(context, models, product, slot), slot)
    if len(fit) < FEWEST and not _spoilt(context, goods, action.target):
        return
    chosen = SetRecommendations(
        product_id=product, slot=slot, product_ids=tuple(candidate.product for candidate in fit)
    )
    yield _proposal(context, models, own, chosen, fit, goods)


def _shown(snapshot: Snapshot) -> Sequence[ProductId]:
    """The products that a list shows now."""
    return tuple(ProductId(p) for p in snapshot.value) if isinstance(snapshot.value, tuple) else ()


def _spoilt(context: Context, goods: Mapping[ProductId, Product], target: Target) -> bool:
    """Whether a list of ours shows something that a buyer cannot buy, or that the merchant excluded since."""
    snapshot, written = context.snapshots[target], context.written.get(target)
    if written is None or written.digest != snapshot.digest:
        return False
    excluded = context.policy.recommendations.excluded
    return any(p in excluded or (p in goods and not goods[p].recommendable) for p in _shown(snapshot))


def _fitting(
    context: Context, goods: Mapping[ProductId, Product], own: Product, candidates: Sequence[_Candidate],
    slot: Slot,
) -> list[_Candidate]:  # fmt: skip
    """The merchant's pins first, then candidates that a buyer could buy, mixed for complementary lists."""
    limits = context.policy.recommendations
    pins = [_Candidate(pin, 1.0, Reason(text=_PINNED)) for pin in limits.pins.get(own.id, ())]
    kept: list[_Candidate] = []
    types: dict[str, int] = {}
    for candidate in [*pins, *candidates]:
        product = goods.get(candidate.product)
        taken = {own.id, *(one.product for one in kept), *limits.excluded}
        if product is None or not product.recommendable or candidate.product in taken:
            continue
        kind = product.product_type
        crowded = types.get(kind, 0) >= max(1, limits.per_product * _MOST_OF_A_TYPE)
        if slot is Slot.COMPLEMENTARY and kind and crowded:
            continue
        types[kind] = types.get(kind, 0) + 1
        kept.append(candidate)
        if len(kept) == limits.per_product:
            break
    return kept


def _candidates(known: Context, models: Models, product: ProductId, slot: Slot) -> Sequence[_Candidate]:
    """Possible entries of one list, best first."""
    count = known.policy.recommendations.per_product * SPARE
    if slot is Slot.RELATED:
        return _alike(known, models, product, count)
    companions = models.get(COMPANIONS)
    if companions is None:
        return ()
    index = companions.once("index", read_companions)
    if product in index.place and index.baskets[index.place[product]] > 0:
        return _bought_with(companions, index.place[product], count)
    return _borrowed(known, models, companions, product, count)


def _bought_with(model: Model, place: int, count: int) -> list[_Candidate]:
    index = model.once("index", read_companions)
    candidates: list[_Candidate] = []
    for other, score in asked(model, np.array([place]), LISTED):
        together, total = index.bought(place, other)
        if not together:
            continue
        values = (("count", str(together)), ("total", str(total)))
        reason = Reason(text=_TOGETHER, values=values, weight=score)
        candidates.append(_Candidate(ProductId(index.ids[other]), score, reason))
    return candidates[:count]


def _borrowed(
    known: Context, models: Models, companions: Model, product: ProductId, count: int
) -> list[_Candidate]:
    """What goes with the products that an unsold one resembles."""
    index = companions.once("index", read_companions)
    kin = [one for one in _alike(known, models, product, BORROWED) if one.product in index.place]
    if not kin:
        return []
    places = np.array([index.place[one.product] for one in kin])
    closest = known.catalogue.get(kin[0].product)
    values = (("title", closest.title if closest else "a product"),)
    return [
        _Candidate(ProductId(index.ids[other]), score, Reason(text=_BORROWED, values=values, weight=score))
        for other, score in asked(companions, places, count)
    ]


def _alike(known: Context, models: Models, product: ProductId, count: int) -> list[_Candidate]:
    """Products that resemble one, best first."""
    model = models.get(SIMILAR)
    own = known.products.get(product) or known.catalogue.get(product)
    if model is None or own is None:
        return []
    index = model.once("index", read_resemblance)
    blocked = [index.place[product]] if product in index.place else []
    answer = model.run({
        "query": index.query(own), "blocked": np.array(blocked, np.int64),
        "k": np.array([min(count, len(index.ids))], np.int64),
    })  # fmt: skip
    pairs = zip(answer["ids"].tolist(), answer["scores"].tolist(), strict=True)
    return [
        _Candidate(
            other, float(score), Reason(text=_ALIKE, values=_shared(known, own, other), weight=float(score))
        )
        for place, score in pairs
        if score > 0 and (other := ProductId(index.ids[int(place)]))
    ]


def _shared(known: Context, own: Product, other: ProductId) -> tuple[tuple[str, str], ...]:
    """The words that two titles share, for people."""
    twin = known.catalogue.get(other)
    mine = own.title.split()
    theirs = {word.casefold() for word in twin.title.split()} if twin else set()
    words = [word for word in mine if word.casefold() in theirs]
    return (("words", ", ".join(words) if words else own.product_type or "the description"),)


def _proposal(
    context: Context, models: Models, own: Product, action: SetRecommendations, fit: Sequence[_Candidate],
    goods: Mapping[ProductId, Product],
) -> Proposal:  # fmt: skip
    model = models.get(COMPANIONS if action.slot is Slot.COMPLEMENTARY else SIMILAR) or models.get(SIMILAR)
    assert model is not None  # noqa: S101  without it there were no candidates
    cards = tuple(
        Card(product_id=one.product, title=goods[one.product].title, reason=one.reason, score=one.score)
        for one in fit
    )
    return Proposal(
        id=proposal_id(context.event.id, NAME, action.target), shop_id=context.shop.id, function=NAME,
        action=action, before=context.snapshots[action.target], title=own.title,
        reasons=tuple(one.reason for one in fit[:3]) or (Reason(text=_SPOILT),),
        evidence=(ProductCards(title=_HEADINGS[action.slot], cards=cards),),
        confidence=_confidence(model, fit), worth=float(sum(one.score for one in fit)),
        model=ModelVersion(model.card.name, model.card.version, model.card.sha256[:12]),
        created_at=context.now,
    )  # fmt: skip


_HEADINGS = {Slot.COMPLEMENTARY: "Goes well with", Slot.RELATED: "You may also like"}


def _confidence(model: Model, fit: Sequence[_Candidate]) -> float:
    """The measured hit rate of companions; for resemblance, which no sales have judged, the mean cosine."""
    rate = model.card.metrics.get("hit_rate_at_10")
    if rate is not None:
        return float(rate)
    return float(np.clip(np.mean([one.score for one in fit]), 0.0, 1.0)) if fit else 1.0


FUNCTION = Recommendations()
