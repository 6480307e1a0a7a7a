"""A function made for checking: what it writes says which state of a product it was decided on."""

from collections.abc import Callable, Sequence

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
from chalicelib.domain.actions import SetRecommendations, Slot
from chalicelib.domain.catalogue import Product
from chalicelib.domain.events import EventKind, Schedule, Trigger
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import FunctionName, ProductId
from chalicelib.domain.proposals import RULES, Proposal, proposal_id

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
        targets = frozenset(_action(product) for product in known.products.values())
        return Needs(products=wanted, targets=targets)

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        return ()

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        return ()

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        actions = [_action(product) for product in context.products.values()]
        held = [action for action in actions if action.target in context.snapshots]
        return Decision(considered=len(actions), proposals=[_proposal(context, action) for action in held])

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        return ()


def state_of(product: Product) -> int:
    """The number of a product's state."""
    return int(product.title.rpartition("-")[2])


def _action(product: Product) -> SetRecommendations:
    shown = ProductId(f"state-{state_of(product)}")
    return SetRecommendations(product_id=product.id, slot=Slot.RELATED, product_ids=(shown,))


def _proposal(context: Context, action: SetRecommendations) -> Proposal:
    return Proposal(
        id=proposal_id(context.event.id, NAME, action.target), shop_id=context.shop.id, function=NAME,
        action=action, before=context.snapshots[action.target], reasons=(Reason(text="Seen."),),
        confidence=1.0, model=RULES, created_at=context.now,
    )  # fmt: skip
