"""An order as features: what is seen, what is not, and that nothing a store sends stops it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.contracts import CounterKey
from chalicelib.domain.ids import OrderId, ProductId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Address, Order, OrderLine, Payment, Verdict
from functions.screening import identities as linked
from functions.screening.features import Known, features
from functions.screening.geography import distance_km
from functions.screening.schema import BY_NAME, FEATURES
from functions.screening.usual import Usual, read_usual

AT = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)


def hashed(kind: str, value: str) -> str:
    return f"{kind}:{value}" if value else ""


def an_order(**changes: object) -> Order:
    euro, half = Money(Decimal(100), "EUR"), Money(Decimal(50), "EUR")
    home = Address(line_1="Hauptstr. 1", city="Berlin", postcode="10115", country="DE")
    order = Order(
        id=OrderId("1"), created_at=AT, updated_at=AT, currency="EUR", total=euro,
        lines=(OrderLine(product_id=ProductId("p"), variant_id=None, quantity=2, unit_price=half),),
        payment=Payment(gateway="shopify_payments", avs_result="N", cvv_result="M", card_last4="42", card_bin="4000"),
        email="Ann.Lee+shop@gmail.com", ip="203.0.113.9", billing=home, shipping=home, customer_orders=3,
        customer_since_at=AT - timedelta(days=10), customer_id="c1",
        verdicts=(Verdict(provider="Shopify", risk="medium"), Verdict(provider="Tradewind", risk="high", ours=True)),
    )  # fmt: skip
    return replace(order, **changes)  # type: ignore[arg-type]


def test_every_feature_has_a_value_or_none_and_no_other_name() -> None:
    assert set(features(an_order(), Known(identify=hashed))) == {feature.name for feature in FEATURES}


def test_what_the_store_shows_is_seen() -> None:
    row = features(an_order(), Known(identify=hashed, ip_country="NG", timezone="Europe/Berlin"))
    assert (row["avs"], row["cvv"], row["paid_with"], row["provider_risk"]) == ("no match", "match", "card", 0.5)
    assert row["account_days"] == 10
    assert row["orders_before"] == 2
    assert row["hour"] == 23
    assert row["ships_elsewhere"] == 0
    assert row["shipping_billing_km"] == 0
    assert row["ip_billing_km"] == pytest.approx(distance_km("NG", "DE"))
    assert row["email_kind"] == "free provider"


def test_nothing_shown_is_nothing_known() -> None:
    bare = Order(id=OrderId("1"), created_at=AT, updated_at=AT, currency="XXX", total=Money(Decimal(0), "XXX"))
    row = features(bare, Known())
    assert {name for name, value in row.items() if value is not None} == {"hour"}
    assert linked.keys(bare, hashed) == frozenset()
    assert linked.updates(bare, hashed) == ()


def test_counters_hold_the_order_itself_and_are_read_as_the_others() -> None:
    order = an_order()
    counters = dict.fromkeys(linked.keys(order, hashed), 4)
    row = features(order, Known(counters=counters, identify=hashed))
    assert row["card_1h"] == 3
    assert row["emails_per_card"] == 4
    assert row["offences_person"] == 4


def test_amount_beside_the_buyers_own() -> None:
    order = an_order()
    buyer = hashed("email", "annlee@gmail.com")
    counters = {CounterKey("spent", buyer, linked.MEMORY): 30_000, CounterKey("bought", buyer, linked.MEMORY): 3}
    assert features(order, Known(counters=counters, identify=hashed))["amount_vs_buyer"] == pytest.approx(0.0)


def test_one_mailbox_one_door_one_household() -> None:
    assert linked.email_identity("A.nn+x@GMail.com") == linked.email_identity("ann@gmail.com")
    assert linked.ip_identity("2001:db8::1") == linked.ip_identity("2001:db8::ffff")
    assert linked.ip_identity("::ffff:203.0.113.9") == linked.ip_identity("203.0.113.9")
    one, other = Address(line_1="Main St. 5", country="US"), Address(line_1="main st 5", country="US")
    assert linked.door(one) == linked.door(other)


def test_an_order_counts_once_and_under_hashes_alone() -> None:
    order = an_order()
    found = linked.updates(order, lambda kind, value: f"h{len(value)}{kind}")
    assert found == linked.updates(order, lambda kind, value: f"h{len(value)}{kind}")
    assert not any(secret in repr(found) for secret in ("annlee", "203.0.113", "4000-42", "hauptstr"))


def test_links_count_different_identities_once_a_month() -> None:
    later = an_order(id=OrderId("2"), created_at=AT + timedelta(days=1))
    places = {(u.key, u.at, u.unique) for order in (an_order(), later) for u in linked.updates(order, hashed)
              if "_per_" in u.key.name}  # fmt: skip
    assert len(places) == len(linked.LINKS)


@settings(deadline=None)
@given(
    amount=st.decimals(min_value=0, max_value=10_000_000, places=2), lines=st.integers(0, 300),
    country=st.text(max_size=8), email=st.text(max_size=20), ip=st.text(max_size=40),
    days=st.integers(-5, 5_000), code=st.text(max_size=2),
)  # fmt: skip
def test_whatever_a_store_sends_gives_a_row(
    amount: Decimal, lines: int, country: str, email: str, ip: str, days: int, code: str
) -> None:
    since = AT - timedelta(days=days)
    line = OrderLine(product_id=None, variant_id=None, quantity=1, unit_price=Money(amount, "JPY"))
    order = an_order(
        total=Money(amount, "JPY"), lines=(line,) * lines, email=email, ip=ip, customer_since_at=since,
        shipping=Address(country=country, line_1=country), payment=Payment(avs_result=code, cvv_result=code),
        signals=(("signal_score", 1.5), ("signal_kind", "a")),
    )  # fmt: skip
    row = features(order, Known(identify=hashed, timezone=country, usual=Usual("JPY", 50, 4.0, 20.0)))
    for name, value in row.items():
        if name in BY_NAME and BY_NAME[name].kind == "category":
            assert value is None or value in BY_NAME[name].categories
        assert not isinstance(value, float) or value == value
    assert row["signal_score"] == 1.5
    assert row["signal_kind"] == "a"


def test_the_usual_total_follows_the_shop_and_survives_its_memory() -> None:
    usual = Usual()
    for amount in (20, 25, 30) * 10:
        usual = usual.after(Money(Decimal(amount), "EUR"))
    assert read_usual(usual.write()) == usual
    assert abs(usual.beside(Money(Decimal(25), "EUR")) or 9) < 0.1
    assert (usual.beside(Money(Decimal(900), "EUR")) or 0) > 3
    assert usual.beside(Money(Decimal(25), "USD")) is None
    assert read_usual("[]") == Usual()
