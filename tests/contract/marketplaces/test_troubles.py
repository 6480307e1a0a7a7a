"""Troubles: every failure is one of our errors, nothing is lost or done twice, and nothing leaks."""

import logging

import pytest

from chalicelib.contracts import Change, Receipt
from chalicelib.domain.ids import IdempotencyKey
from chalicelib.errors import AccessRevoked, RateLimited, Retryable, StoreUnavailable
from tests.contract.marketplaces.worlds import CANARY, Trouble, World

MANY = 8


def meets(world: World, trouble: Trouble, times: int = MANY) -> None:
    if trouble not in world.troubles:
        pytest.skip(reason=f"{world.marketplace.label} has no wire on which {trouble} could happen")
    world.trouble(trouble, times)


@pytest.mark.parametrize("trouble", sorted(Trouble))
def test_a_read_in_trouble_is_retryable(world: World, trouble: Trouble) -> None:
    if trouble is Trouble.LOST_ANSWER and world.marketplace.name == "bazaar":
        pytest.skip(reason="Bazaar loses the answers of writes alone")
    meets(world, trouble)
    expected = RateLimited if trouble is Trouble.TOO_MANY else StoreUnavailable
    with pytest.raises(expected) as caught:
        world.client.product(world.goods[0])
    assert isinstance(caught.value, Retryable)


@pytest.mark.parametrize("trouble", sorted(Trouble))
def test_a_write_in_trouble_is_an_answer_and_can_be_tried_again(world: World, trouble: Trouble) -> None:
    action = world.list_action()
    before = world.client.read([action])[action.target]
    change = Change(action=action, before=before, key=IdempotencyKey("k"))
    meets(world, trouble)
    (answer,) = world.client.apply([change])
    assert isinstance(answer, Retryable | Receipt)
    for _ in range(MANY + 1):
        (answer,) = world.client.apply([change])
        if isinstance(answer, Receipt):
            break
    assert isinstance(answer, Receipt)
    assert world.client.read([action])[action.target].value == action.product_ids


def test_one_hiccup_is_not_even_noticed(world: World) -> None:
    if world.marketplace.name == "bazaar":
        pytest.skip(reason="Bazaar's client does not retry: its faults are for the pipeline to meet")
    world.trouble(Trouble.SERVER_ERROR, 1)
    assert world.client.product(world.goods[0]).id == world.goods[0]


def test_a_revoked_key_needs_the_merchant(world: World) -> None:
    world.revoke()
    with pytest.raises(AccessRevoked):
        world.client.product(world.goods[0])
    with pytest.raises(AccessRevoked):
        world.client.facts()


def test_no_secret_and_no_buyer_in_errors_or_logs(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    for trouble in sorted(world.troubles - {Trouble.LOST_ANSWER}):
        world.trouble(trouble, 2)
        for _ in range(3):
            try:
                world.client.order(world.order)
            except Retryable as error:
                said += [repr(error), str(error), repr(error.__cause__), repr(error.__context__)]
    order = world.client.order(world.order)
    world.revoke()
    with pytest.raises(AccessRevoked) as caught:
        world.client.order(world.order)
    out = capsys.readouterr()
    said += [repr(caught.value), str(caught.value), repr(caught.value.__context__)]
    text = "\n".join([*said, caplog.text, out.out, out.err, repr(order)])
    for canary in ("shpat_x", "ck_1", "cs_1", "oauth_signature", CANARY, "203.0.113.8", "Canary Row"):
        assert canary not in text
    assert out.out == ""
