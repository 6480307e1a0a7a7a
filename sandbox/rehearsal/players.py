"""Functions made for checking: what they write says what they were decided on."""

from collections.abc import Callable, Sequence
from dataclasses import replace

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
    Models,
    Needs,
)
from chalicelib.domain.actions import Action, SetPrice, SetRecommendations, Slot
from chalicelib.domain.catalogue import Product
from chalicelib.domain.events import EventKind, Schedule, Trigger
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import FunctionName, ProductId
from chalicelib.domain.money import Money
from chalicelib.domain.proposals import RULES, ModelVersion, Proposal, proposal_id

NAME = FunctionName("witness")


class Witness:
    """Writes, beside each product, a list that names the state of the product it read.

    The bazaar's product titles count a product's states, so the list ``("state-7",)`` was decided on the
    seventh: a later effect with a smaller number would be older state over newer.
    """

    name = NAME
    label = "Witness"
    triggers: frozenset[Trigger] = frozenset({EventKind.PRODUCT_CHANGED, Schedule.PROPOSE})
    capabilities = frozenset({Capability.RECOMMEND_RELATED})

    def reads(self, known: Context, models: Models) -> Needs:
        wanted = frozenset(ProductId(part) for part in known.event.resource.split(","))
        targets = frozenset(self._action(product) for product in known.products.values())
        return Needs(products=wanted, targets=targets)

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        return ()

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        return ()

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        actions = [self._action(product) for product in context.products.values()]
        held = [action for action in actions if action.target in context.snapshots]
        return Decision(considered=len(actions), proposals=[_proposal(context, action, self.name) for action in held])

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        return ()

    def _action(self, product: Product) -> SetRecommendations:
        shown = ProductId(f"state-{state_of(product)}")
        return SetRecommendations(product_id=product.id, slot=Slot.RELATED, product_ids=(shown,))


class Neighbour(Witness):
    """Shows beside each product the one that stands next to it in a ring of real ids."""

    name = FunctionName("neighbour")

    def __init__(self, ring: Sequence[ProductId] = ()) -> None:
        self._next: dict[ProductId, ProductId] = {}
        self.learn(ring)

    def learn(self, ring: Sequence[ProductId]) -> None:
        """One more shop's products, in the order they stand."""
        self._next |= dict(zip(ring, [*ring[1:], *ring[:1]], strict=True))

    def _action(self, product: Product) -> SetRecommendations:
        return SetRecommendations(
            product_id=product.id, slot=Slot.COMPLEMENTARY, product_ids=(self._next[product.id],)
        )


class Pricer:
    """Asks the price that it was told to ask, right or wrong: what guardrails are there to sift."""

    name = FunctionName("pricer")
    label = "Pricer"
    triggers: frozenset[Trigger] = frozenset({EventKind.PRODUCT_CHANGED})
    capabilities = frozenset({Capability.PRICES})

    def __init__(self, quote: Callable[[Money], Money]) -> None:
        self.quote = quote

    def reads(self, known: Context, models: Models) -> Needs:
        return Needs(targets=frozenset(self._actions(known)))

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        return ()

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        return ()

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        actions = self._actions(context)
        held = [action for action in actions if action.target in context.snapshots]
        made = [_proposal(context, action, self.name) for action in held]
        return Decision(considered=len(actions), proposals=made)

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        return ()

    def _actions(self, known: Context) -> list[SetPrice]:
        return [
            SetPrice(product_id=product.id, variant_id=variant.id, price=self.quote(variant.price))
            for product in known.products.values()
            for variant in product.variants
            if variant.price is not None
        ]


class Scorer(Witness):
    """A witness that asks a model first, and says which one it was."""

    name = FunctionName("scorer")

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        model = models.get("scorer")
        decision = super().propose(context, answers, models)
        if model is None:
            return decision
        scored = model.run({"x": np.zeros((1, 2), np.float32)})
        version = ModelVersion(model.card.name, model.card.version, model.card.sha256[:12])
        made = [
            replace(one, model=version, confidence=float(next(iter(scored.values())).flat[0]))
            for one in decision.proposals
        ]
        return replace(decision, proposals=made)


def state_of(product: Product) -> int:
    """The number of a product's state."""
    return int(product.title.rpartition("-")[2])


def _proposal(context: Context, action: Action, name: FunctionName) -> Proposal:
    return Proposal(
        id=proposal_id(context.event.id, name, action.target), shop_id=context.shop.id, function=name,
        action=action, before=context.snapshots[action.target], reasons=(Reason(text="Seen."),),
        confidence=1.0, model=RULES, created_at=context.now,
    )  # fmt: skip
