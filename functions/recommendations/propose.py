"""Recommendations as a function: an order rescores the products it touched, a product event its own lists,
and once trained the whole catalogue, some products at a time.

Who may stand in a list is functions.recommendations.merchandising, who is asked .candidates.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
    Visit,
)
from chalicelib.domain.actions import SetRecommendations, Slot, Snapshot
from chalicelib.domain.catalogue import Product
from chalicelib.domain.events import EventKind, Schedule, Trigger
from chalicelib.domain.evidence import Card, ProductCards, Reason
from chalicelib.domain.ids import FunctionName, ProductId, Target
from chalicelib.domain.proposals import ModelVersion, Proposal, proposal_id
from functions.recommendations import reasons
from functions.recommendations.candidates import Candidate, candidates
from functions.recommendations.companions import COMPANIONS
from functions.recommendations.merchandising import fitting
from functions.recommendations.serving import serve
from functions.recommendations.shelf import NEWCOMERS, SIMILAR
from functions.recommendations.train import train

NAME = FunctionName("recommendations")
MOST_TOUCHED = 20
"""Products of one order whose lists are looked at; a wholesale order of hundreds teaches through training."""
FEWEST = 2
"""A list of one is none."""


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
                wanted |= set(_asked(known, models, product, slot))
        targets = frozenset(
            SetRecommendations(product_id=product, slot=slot, product_ids=())
            for product in touched
            for slot in Slot
        )
        wanted |= {product for snapshot in known.snapshots.values() for product in _shown(snapshot)}
        wanted |= {product.parent for product in known.catalogue.values() if product.parent}
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

    def serve(self, visit: Visit, models: Models) -> Sequence[ProductId]:
        """See functions.recommendations.serving."""
        return serve(visit, models)

    def train(self, material: Material, progress: Callable[[str], None]) -> Iterable[Artifact]:
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
    if own is None or own.gift_card or action.target not in context.snapshots:
        return
    found = candidates(context, models, product, slot)
    fit = fitting(goods, own, found, slot, context.policy.recommendations)
    if len(fit) < FEWEST and not _spoilt(context, goods, action.target):
        return
    chosen = SetRecommendations(
        product_id=product, slot=slot, product_ids=tuple(candidate.product for candidate in fit)
    )
    yield _proposal(context, models, own, chosen, fit, goods)


def _asked(known: Context, models: Models, product: ProductId, slot: Slot) -> Iterator[ProductId]:
    """Candidates, pins, and the product that buyers see where one of them is a variation."""
    for candidate in candidates(known, models, product, slot):
        yield candidate.product
    yield from known.policy.recommendations.pins.get(product, ())


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


def _proposal(
    context: Context, models: Models, own: Product, action: SetRecommendations, fit: Sequence[Candidate],
    goods: Mapping[ProductId, Product],
) -> Proposal:  # fmt: skip
    model = _judge(models, fit)
    assert model is not None  # noqa: S101  without it there were no candidates
    cards = tuple(
        Card(product_id=one.product, title=goods[one.product].title, reason=one.reason, score=one.score)
        for one in fit
    )
    return Proposal(
        id=proposal_id(context.event.id, NAME, action.target), shop_id=context.shop.id, function=NAME,
        action=action, before=context.snapshots[action.target], title=own.title,
        reasons=tuple(one.reason for one in fit[:3]) or (Reason(text=reasons.SPOILT),),
        evidence=(ProductCards(title=_HEADINGS[action.slot], cards=cards),),
        confidence=_confidence(model, fit), worth=float(sum(one.score for one in fit)),
        model=ModelVersion(model.card.name, model.card.version, model.card.sha256[:12]),
        created_at=context.now,
    )  # fmt: skip


_HEADINGS = {Slot.COMPLEMENTARY: "Goes well with", Slot.RELATED: "You may also like"}


def _judge(models: Models, fit: Sequence[Candidate]) -> Model | None:
    """The model whose scores these are; an emptied list is vouched for by whichever there is."""
    names = [one.model for one in fit if one.model]
    return next((model for name in (*names[:1], SIMILAR, COMPANIONS) if (model := models.get(name))), None)


def _confidence(model: Model, fit: Sequence[Candidate]) -> float:
    """How likely one of the list is bought along: measured for companions, expected for newcomers; for
    resemblance, which no sales have judged, the mean cosine."""
    rate = model.card.metrics.get("hit_rate_at_10")
    if rate is not None:
        return float(rate)
    scores = np.clip([one.score for one in fit], 0.0, 1.0)
    if not fit:
        return 1.0
    return float(1.0 - np.prod(1.0 - scores)) if model.card.name == NEWCOMERS else float(scores.mean())


FUNCTION = Recommendations()
