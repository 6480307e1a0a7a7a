"""Guardrails: pure rules that keep a change or refuse it with a reason in words.

Rules are asked when a proposal is made, again when a person approves it, and once more right before the
write. The rules for prices are many and live in guardrails_prices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.actions import (
    AssessOrder,
    HoldOrder,
    PublishTranslation,
    SetPrice,
    SetRecommendations,
    Snapshot,
    TagOrder,
)
from chalicelib.domain.catalogue import Product
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import ProductId, VariantId
from chalicelib.domain.journal import Written
from chalicelib.domain.money import Money
from chalicelib.domain.proposals import Proposal, Refusal
from chalicelib.domain.shop import Policy, Shop, ShopState


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """One entry of the append-only price history of a variant in one market."""

    variant_id: VariantId
    at: datetime
    price: Money
    ours: bool
    """Whether we wrote it; otherwise the merchant did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the rules may look at besides the proposal."""

    shop: Shop
    policy: Policy
    now: datetime
    current: Snapshot
    """What the store holds at the target now."""
    written: Written | None = None
    """What we last wrote there."""
    catalogue: Mapping[ProductId, Product] = field(default_factory=dict)
    """Products that the action names, as last seen."""
    price_history: Sequence[PricePoint] = ()
    """Of the variant in the action's market, oldest first."""
    changes_today: int = 0
    """Price changes that we made in this shop today."""
    cost: Money | None = None
    """Of the variant, as the merchant uploaded it; it counts instead of the store's."""
    rival: Decimal | None = None
    """The lowest price seen at a competitor of late, in the shop's currency."""
    by_person: bool = False
    """A person asked for this very change."""

    @property
    def human_owned(self) -> bool:
        """Whether something stands there that we did not write."""
        empty = self.current.value in (None, (), {}, "", False)
        return not empty and (self.written is None or self.written.digest != self.current.digest)


type Rule = Callable[[Proposal, Situation], Refusal | None]


def refuse(rule: str, text: str, **values: str) -> Refusal:
    """A refusal in words; ``{name}`` places in the text are filled from ``values``."""
    return Refusal(rule=rule, reason=Reason(text=text, values=tuple(values.items())))


def check(proposal: Proposal, situation: Situation) -> tuple[Refusal, ...]:
    """Every reason why this change must not be made now; empty means that it may."""
    found = (rule(proposal, situation) for rule in rules(proposal))
    return tuple(refusal for refusal in found if refusal is not None)


def rules(proposal: Proposal) -> tuple[Rule, ...]:
    """Every rule that is asked about this kind of change; pages show each with what it said."""
    return (*_GENERAL, *_rules(proposal))


def check_connected(proposal: Proposal, situation: Situation) -> Refusal | None:
    """A shop that left, or whose access was revoked, gets no writes."""
    if situation.shop.state is ShopState.CONNECTED:
        return None
    return refuse("connected", "The shop is not connected.")


def check_paused(proposal: Proposal, situation: Situation) -> Refusal | None:
    """The kill switch stops everything, people's approvals too."""
    return refuse("paused", "Everything is paused for this shop.") if situation.policy.paused else None


def check_curated(proposal: Proposal, situation: Situation) -> Refusal | None:
    """A list that somebody made by hand is never overwritten."""
    if situation.human_owned:
        return refuse("curated", "This list was made by hand in the store, so it is left alone.")
    return None


def check_list(proposal: Proposal, situation: Situation) -> Refusal | None:
    """A list names other products, each once, all of them visible and for sale."""
    action = proposal.action
    assert isinstance(action, SetRecommendations)  # noqa: S101  the table below sends nothing else here
    if action.product_id in action.product_ids:
        return refuse("itself", "A product must not recommend itself.")
    if len(set(action.product_ids)) != len(action.product_ids):
        return refuse("twice", "A product appears twice in the list.")
    known = situation.catalogue
    unfit = [p for p in action.product_ids if p in known and not known[p].recommendable]
    if unfit:
        return refuse("unfit", "{title} cannot be bought at the moment.", title=known[unfit[0]].title)
    excluded = set(action.product_ids) & set(situation.policy.recommendations.excluded)
    if excluded:
        return refuse("excluded", "A product that you excluded is in the list.")
    return None


def check_worth(proposal: Proposal, situation: Situation) -> Refusal | None:
    """A list is rewritten only when enough of it changes; emptying a wrong list is always worth it."""
    action = proposal.action
    assert isinstance(action, SetRecommendations)  # noqa: S101
    current = situation.current.value
    if situation.by_person or not isinstance(current, tuple) or not current or not action.product_ids:
        return None
    if any(p in situation.catalogue and not situation.catalogue[ProductId(p)].recommendable for p in current):
        return None
    changed = len(set(action.product_ids) - set(current)) * 100
    if changed < situation.policy.recommendations.min_change_pct * len(action.product_ids):
        return refuse("worth", "The list would hardly change.")
    return None


def check_wording(proposal: Proposal, situation: Situation) -> Refusal | None:
    """Wording that a person wrote is replaced only by a person; beside it, in review, a new one may stand."""
    if situation.human_owned and not situation.by_person and not proposal.review:
        return refuse("wording", "Somebody edited this translation in the store; please compare.")
    return None


def check_complete(proposal: Proposal, situation: Situation) -> Refusal | None:
    """No field is published empty."""
    action = proposal.action
    assert isinstance(action, PublishTranslation)  # noqa: S101
    if all(one.value.strip() for one in action.fields) and action.fields:
        return None
    return refuse("complete", "A translated text is empty.")


def _rules(proposal: Proposal) -> tuple[Rule, ...]:
    match proposal.action:
        case SetRecommendations():
            return (check_curated, check_list, check_worth)
        case SetPrice():
            from chalicelib.guardrails_prices import PRICE_RULES

            return PRICE_RULES
        case PublishTranslation():
            return (check_wording, check_complete)
        case AssessOrder() | HoldOrder() | TagOrder():
            return ()


_GENERAL: tuple[Rule, ...] = (check_connected, check_paused)

QUIET = frozenset({"worth"})
"""Refusals that nobody needs to hear of: the change was simply not worth it."""
