"""Keys: derived as RFC 5869 says, one per purpose, two generations of each webhook secret."""

import itertools

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import ShopId
from chalicelib.secrets import Identities, KeyedSecrets, derive

PURPOSES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4)


def _framed(parts: list[str]) -> bytes:
    return b"".join(len(part.encode()).to_bytes(2) + part.encode() for part in ("tradewind", *parts))


@given(st.binary(min_size=32, max_size=64), PURPOSES, st.integers(1, 255))
def test_it_is_hkdf_as_cryptography_computes_it(master: bytes, purpose: list[str], length: int) -> None:
    peer = HKDF(algorithm=SHA256(), length=length, salt=None, info=_framed(purpose)).derive(master)
    assert derive(master, *purpose, length=length) == peer


@given(PURPOSES, PURPOSES)
def test_two_purposes_share_no_key(one: list[str], other: list[str]) -> None:
    assert (derive(bytes(32), *one) == derive(bytes(32), *other)) == (one == other)


def test_the_parts_of_a_purpose_are_framed_so_that_none_runs_into_the_next() -> None:
    split = [("webhook", "ab", "c"), ("webhook", "a", "bc"), ("webhook", "abc"), ("webhookabc",)]
    assert len({derive(bytes(32), *purpose) for purpose in split}) == len(split)


def test_a_key_for_cookies_never_signs_a_webhook() -> None:
    purposes = [("webhook", "woocommerce", "lantern", "1"), ("session",), ("identity", "woocommerce:lantern")]
    assert len({derive(bytes(range(32)), *purpose) for purpose in purposes}) == 3


@pytest.mark.parametrize("generation", [1, 2, 9])
def test_this_generation_and_the_one_before_are_accepted_and_no_other(generation: int) -> None:
    secrets = KeyedSecrets(bytes(range(32)), generation, {})
    every = {g: secrets.secret("woocommerce", "lantern", g).encode() for g in range(1, 12)}
    accepted = secrets.derived("woocommerce", "lantern")
    assert accepted == [every[g] for g in (generation, generation - 1) if g > 0]
    assert accepted[0] == secrets.secret("woocommerce", "lantern").encode()


def test_no_two_shops_share_a_secret() -> None:
    secrets = KeyedSecrets(bytes(range(32)), 1, {})
    names = [("woocommerce", "a"), ("woocommerce", "b"), ("bazaar", "a")]
    assert len({secrets.secret(*name) for name in names}) == 3


def test_a_marketplace_without_an_app_secret_verifies_nothing() -> None:
    assert KeyedSecrets(bytes(32), 1, {"shopify": ("", "old")}).app("shopify") == [b"old"]
    assert KeyedSecrets(bytes(32), 1, {}).app("shopify") == []


def test_a_buyer_is_recognised_within_a_shop_and_nowhere_else() -> None:
    identities = Identities(bytes(range(32)))
    here, there = ShopId("a:1"), ShopId("a:2")
    same = {identities.identify(here, "email", value) for value in ("A@b.example", " a@B.example ")}
    assert len(same) == 1
    others = [(there, "email"), (here, "customer")]
    known = {identities.identify(shop, kind, "a@b.example") for shop, kind in others}
    assert all(one != other for one, other in itertools.product(same, known))
    assert identities.identify(here, "email", "  ") == ""
