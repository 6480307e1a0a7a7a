"""Guardrails for lists and translations: each refusal in words, whoever made the proposal."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import guardrails
from chalicelib.domain.actions import (
    Action,
    PublishTranslation,
    SetRecommendations,
    Slot,
    Snapshot,
    TranslatedField,
    digest_of,
)
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import FunctionName, Locale, ProductId, ProposalId, ShopId, VariantId
from chalicelib.domain.journal import Written
from chalicelib.domain.money import Money
from chalicelib.domain.proposals import RULES, Proposal
from chalicelib.domain.shop import Policy, Shop, ShopState
from chalicelib.guardrails import Situation

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHOP = Shop(id=ShopId("bazaar:a"), marketplace="bazaar", name="A", endpoint="bazaar://a", currency="EUR")
IDS = [ProductId(f"p{number}") for number in range(6)]


def _product(name: ProductId, **more: object) -> Product:
    price = Money(Decimal(10), "EUR")
    known = Product(
        id=name, handle=name, title=f"Lamp {name}", status=ProductStatus.PUBLISHED, updated_at=NOW,
        variants=(Variant(id=VariantId("v" + name), price=price),),
    )  # fmt: skip
    return replace(known, **more)


def _list(*names: ProductId) -> SetRecommendations:
    return SetRecommendations(product_id=IDS[0], slot=Slot.RELATED, product_ids=names)


def _proposal(action: Action, held: Snapshot) -> Proposal:
    return Proposal(
        id=ProposalId("x"), shop_id=SHOP.id, function=FunctionName("f"), action=action, before=held,
        reasons=(Reason(text="Seen."),), confidence=1.0, model=RULES, created_at=NOW,
    )  # fmt: skip


def _situation(held: Snapshot, **more: object) -> Situation:
    catalogue = {name: _product(name) for name in IDS}
    return replace(Situation(shop=SHOP, policy=Policy(), now=NOW, current=held, catalogue=catalogue), **more)


def _refused(action: Action, held: object = (), **more: object) -> set[str]:
    snapshot = Snapshot(value=held, read_at=NOW)
    return {refusal.rule for refusal in guardrails.check(_proposal(action, snapshot), _situation(snapshot, **more))}


def _ours(value: object) -> Written:
    return Written(
        target=_list().target, digest=digest_of(value), proposal_id=ProposalId("w"), at=NOW,
        original=Snapshot(value=(), read_at=NOW),
    )  # fmt: skip


def test_a_good_list_passes() -> None:
    assert _refused(_list(IDS[1], IDS[2])) == set()


@pytest.mark.parametrize(
    ("names", "rule"),
    [((IDS[0],), "itself"), ((IDS[1], IDS[1]), "twice")],
)
def test_a_list_that_makes_no_sense_is_refused(names: tuple[ProductId, ...], rule: str) -> None:
    assert rule in _refused(_list(*names))


@pytest.mark.parametrize(
    "unfit",
    [
        {"status": ProductStatus.HIDDEN},
        {"variants": ()},
        {"gift_card": True},
        {"variants": (Variant(id=VariantId("v"), price=Money(Decimal(0), "EUR")),)},
        {"variants": (Variant(id=VariantId("v"), price=Money(Decimal(5), "EUR"), sellable=False),)},
    ],
    ids=["hidden", "no variants", "gift card", "free", "sold out"],
)
def test_what_a_buyer_cannot_buy_is_not_shown(unfit: dict[str, object]) -> None:
    catalogue = {IDS[1]: _product(IDS[1], **unfit)}
    assert _refused(_list(IDS[1]), catalogue=catalogue) == {"unfit"}


def test_a_hand_made_list_is_left_alone_and_our_own_is_not() -> None:
    held = (IDS[3],)
    assert "curated" in _refused(_list(IDS[1]), held)
    assert _refused(_list(IDS[1]), held, written=_ours(held)) == set()
    assert "curated" in _refused(_list(IDS[1]), held, written=_ours((IDS[4],)))


def test_a_person_may_not_overwrite_a_hand_made_list_by_approving() -> None:
    assert "curated" in _refused(_list(IDS[1]), (IDS[3],), by_person=True)


@pytest.mark.parametrize(("state", "paused"), [(ShopState.UNINSTALLED, False), (ShopState.CONNECTED, True)])
def test_a_shop_that_left_or_stopped_gets_nothing_not_even_by_a_person(state: ShopState, paused: bool) -> None:
    shop, policy = replace(SHOP, state=state), Policy(paused=paused)
    found = _refused(_list(IDS[1]), shop=shop, policy=policy, by_person=True)
    assert found == ({"paused"} if paused else {"connected"})


def test_a_list_is_rewritten_only_when_enough_of_it_changes() -> None:
    held = tuple(IDS[1:5])
    assert "worth" in _refused(_list(*IDS[1:5][::-1]), held, written=_ours(held))
    assert _refused(_list(IDS[1], IDS[2], IDS[3], IDS[5]), held, written=_ours(held)) == set()
    assert _refused(_list(*IDS[1:5][::-1]), held, written=_ours(held), by_person=True) == set()


def test_a_list_with_something_sold_out_is_always_worth_mending() -> None:
    held = tuple(IDS[1:5])
    catalogue = {name: _product(name) for name in IDS} | {IDS[4]: _product(IDS[4], variants=())}
    assert _refused(_list(*IDS[1:4]), held, written=_ours(held), catalogue=catalogue) == set()


def _translation(*values: str) -> PublishTranslation:
    fields = tuple(TranslatedField(key=f"k{n}", value=v, source_digest="d") for n, v in enumerate(values))
    return PublishTranslation(resource_id="p0", locale=Locale("de"), fields=fields)


def test_no_field_is_published_empty() -> None:
    assert _refused(_translation("Lampe"), None) == set()
    assert _refused(_translation("Lampe", " \n"), None) == {"complete"}
    assert _refused(_translation(), None) == {"complete"}


def test_a_persons_wording_is_replaced_by_a_person_alone() -> None:
    held = {"k0": "Leuchte"}
    assert _refused(_translation("Lampe"), held) == {"wording"}
    assert _refused(_translation("Lampe"), held, by_person=True) == set()


@given(st.lists(st.sampled_from(IDS), max_size=8), st.lists(st.sampled_from(IDS), max_size=6, unique=True))
def test_whatever_is_asked_what_passes_is_a_sane_list(names: list[ProductId], held: list[ProductId]) -> None:
    action = _list(*names)
    if _refused(action, tuple(held), written=_ours(tuple(held))):
        return
    assert action.product_id not in action.product_ids
    assert len(set(action.product_ids)) == len(action.product_ids)


@given(st.lists(st.sampled_from(IDS), min_size=1, max_size=6, unique=True))
def test_every_refusal_says_why_in_words(names: list[ProductId]) -> None:
    held = Snapshot(value=("by-hand",), read_at=NOW)
    refusals = guardrails.check(_proposal(_list(*names), held), _situation(held, policy=Policy(paused=True)))
    assert refusals
    for refusal in refusals:
        assert str(refusal.reason).endswith(".")
        assert "{" not in str(refusal.reason)
