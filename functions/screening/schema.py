"""What the model looks at: names, kinds, common sense, and the words for each of them.

``direction`` is +1 where more of it must never look safer, -1 where more must never look riskier: what a feature says
by itself is bound by it, what it says together with others (pairs, groups) is not. Bursts within a day are never good
news; many orders within a month may be a loyal buyer's. No name, nationality, language or place of a buyer is here;
countries count as mismatch and distance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from chalicelib.domain.evidence import fill

INF: Final = float("inf")

type Kind = Literal["number", "category"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing looked at. Texts are catalogue messages; ``{value}`` is the order's own value, where they say it."""

    name: str
    label: str
    against: str
    """Said where it speaks against the order."""
    against_one: str = ""
    """The same where the value is one."""
    favour: str
    """Said where it speaks for the order."""
    kind: Kind = "number"
    direction: int = 0
    categories: tuple[str, ...] = ()
    least: float = -INF
    """The value from which on ``against`` makes sense: nobody is told that "0 other orders came"."""
    none: str = ""
    """Said below that, where even so little speaks against the order."""
    counts: bool = False
    """Whether ``favour`` is kept back below ``least``: an absence speaks for nobody."""
    missing: str = ""
    """Said against an order where the store does not show it; empty where that is not worth a word."""
    against_holds: tuple[float, float] = (-INF, INF)
    """From which value to which ``against`` is true. A term of several features may speak against an order where one
    of them, by itself, is as it should be: then another one is named."""
    favour_holds: tuple[float, float] = (-INF, INF)
    """The same for ``favour``."""


FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        name="amount_vs_shop",
        label="Order total beside what is usual in this shop",
        against="The total is unusual for this shop",
        favour="The total is usual for this shop",
        favour_holds=(-1.0, 1.0),
    ),
    Feature(
        name="amount_vs_buyer",
        label="Order total beside what this buyer usually spends",
        against="The total is unusual for this buyer",
        favour="The total is usual for this buyer",
        favour_holds=(-0.7, 0.7),
    ),
    Feature(
        name="units",
        label="Number of pieces",
        against="{value} pieces were ordered",
        against_one="One piece was ordered",
        favour="The number of pieces is usual",
        favour_holds=(-INF, 10),
    ),
    Feature(
        name="lines",
        label="Number of different items",
        against="{value} different items were ordered",
        against_one="One item was ordered",
        favour="{value} different items were ordered",
    ),
    Feature(
        name="top_share",
        label="Share of the dearest item in the total",
        against="Nearly all of it is for one item",
        favour="The total is spread over several items",
        against_holds=(0.7, INF),
        favour_holds=(-INF, 0.7),
    ),
    Feature(
        name="item_risk",
        label="Goods that sell well second-hand or were often lost to fraud",
        against="It holds goods that are often ordered with stolen cards",
        favour="The goods are rarely a target of fraud",
        direction=1,
        against_holds=(0.2, INF),
        favour_holds=(-INF, 0.3),
    ),
    Feature(
        name="digital_share",
        label="Share of the total that is delivered at once (gift cards, downloads)",
        against="Part of it is delivered at once, a gift card or a download",
        favour="Nothing is delivered before it can be checked",
        against_holds=(0.01, INF),
        favour_holds=(-INF, 0.0),
    ),
    Feature(
        name="discount_share",
        label="Discount",
        against="The discount is {value} %",
        favour="The discount is {value} %",
        least=1,
        counts=True,
    ),
    Feature(
        name="express",
        label="Express delivery",
        against="Express delivery was chosen",
        favour="Ordinary delivery was chosen",
        direction=1,
        against_holds=(1, INF),
        favour_holds=(-INF, 0),
    ),
    Feature(
        name="ships_elsewhere",
        label="Delivery address differs from billing address",
        against="It goes to another address than the billing address",
        favour="It goes to the billing address",
        against_holds=(1, INF),
        favour_holds=(-INF, 0),
    ),
    Feature(
        name="shipping_billing_km",
        label="Distance between the billing and the delivery country (km)",
        against="Billing and delivery country lie {value} km apart",
        favour="Billing and delivery country are the same or near",
        direction=1,
        against_holds=(100, INF),
        favour_holds=(-INF, 500),
    ),
    Feature(
        name="ip_billing_km",
        label="Distance between the buyer's internet address and the billing country (km)",
        against="The order was placed {value} km from the billing country",
        favour="The order was placed in or near the billing country",
        direction=1,
        against_holds=(100, INF),
        favour_holds=(-INF, 500),
    ),
    Feature(
        name="ip_shipping_km",
        label="Distance between the buyer's internet address and the delivery country (km)",
        against="The order was placed {value} km from the delivery country",
        favour="The order was placed in or near the delivery country",
        direction=1,
        against_holds=(100, INF),
        favour_holds=(-INF, 500),
    ),
    Feature(
        name="phone_given",
        label="Telephone number given",
        against="A telephone number was given",
        favour="A telephone number was given",
        favour_holds=(1, INF),
    ),
    Feature(
        name="email_digits",
        label="Digits in the e-mail address",
        against="The e-mail address holds many digits",
        favour="The e-mail address holds few digits",
        against_holds=(4, INF),
        favour_holds=(-INF, 3),
    ),
    Feature(
        name="email_kind",
        label="Kind of e-mail address",
        against="The e-mail address is of this kind: {value}",
        favour="The e-mail address is of this kind: {value}",
        kind="category",
        categories=("own domain", "free provider", "disposable"),
    ),
    Feature(
        name="account_days",
        label="Age of the customer account (days)",
        against="The customer account is {value} days old",
        against_one="The customer account is {value} day old",
        favour="The customer account is {value} days old",
        direction=-1,
        missing="It was bought without a customer account",
        least=1,
        counts=True,
        none="The customer account is less than a day old",
    ),
    Feature(
        name="orders_before",
        label="Earlier orders of this customer",
        against="The customer has {value} earlier orders",
        against_one="The customer has {value} earlier order",
        favour="The customer has {value} earlier orders",
        missing="It was bought without a customer account",
        least=1,
        counts=True,
        none="The customer has no earlier orders",
        against_holds=(-INF, 0),
    ),
    Feature(
        name="avs",
        label="Address check by the card's bank",
        against="The bank's address check says: {value}",
        favour="The bank's address check says: {value}",
        kind="category",
        categories=("match", "partial match", "no match", "not available"),
    ),
    Feature(
        name="cvv",
        label="Security code of the card",
        against="The check of the card's security code says: {value}",
        favour="The check of the card's security code says: {value}",
        kind="category",
        categories=("match", "no match", "not checked"),
    ),
    Feature(
        name="paid_with",
        label="Way of paying",
        against="Paid by: {value}",
        favour="Paid by: {value}",
        kind="category",
        categories=("card", "wallet", "transfer", "invoice", "cash", "other"),
    ),
    Feature(
        name="failed_payments",
        label="Failed payments before this one",
        against="{value} payments failed before this one",
        against_one="{value} payment failed before this one",
        favour="The payment went through at once",
        direction=1,
        least=1,
        favour_holds=(-INF, 0),
    ),
    Feature(
        name="provider_risk",
        label="Risk seen by other providers",
        against="Another provider sees a raised risk",
        favour="Other providers see little risk",
        direction=1,
        against_holds=(0.3, INF),
        favour_holds=(-INF, 0.3),
    ),
    Feature(
        name="channel",
        label="Where it was ordered",
        against="Ordered through: {value}",
        favour="Ordered through: {value}",
        kind="category",
        categories=("web", "pos", "draft", "other"),
    ),
    Feature(
        name="hour",
        label="Hour of the day in the shop's time zone",
        against="It was placed at an unusual hour",
        favour="It was placed at a usual hour",
    ),
    Feature(
        name="email_1h",
        label="Other orders with this e-mail address in the last hour",
        against="{value} other orders came with this e-mail address in the last hour",
        against_one="{value} other order came with this e-mail address in the last hour",
        favour="Not many orders came with this e-mail address in the last hour",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="email_24h",
        label="Other orders with this e-mail address in the last day",
        against="{value} other orders came with this e-mail address in the last day",
        against_one="{value} other order came with this e-mail address in the last day",
        favour="Not many orders came with this e-mail address in the last day",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="email_30d",
        label="Other orders with this e-mail address in the last 30 days",
        against="{value} other orders came with this e-mail address in the last 30 days",
        against_one="{value} other order came with this e-mail address in the last 30 days",
        favour="Not many orders came with this e-mail address in the last 30 days",
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="ip_1h",
        label="Other orders with this internet address in the last hour",
        against="{value} other orders came with this internet address in the last hour",
        against_one="{value} other order came with this internet address in the last hour",
        favour="Not many orders came with this internet address in the last hour",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="ip_24h",
        label="Other orders with this internet address in the last day",
        against="{value} other orders came with this internet address in the last day",
        against_one="{value} other order came with this internet address in the last day",
        favour="Not many orders came with this internet address in the last day",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="ip_30d",
        label="Other orders with this internet address in the last 30 days",
        against="{value} other orders came with this internet address in the last 30 days",
        against_one="{value} other order came with this internet address in the last 30 days",
        favour="Not many orders came with this internet address in the last 30 days",
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="card_1h",
        label="Other orders with this card in the last hour",
        against="{value} other orders came with this card in the last hour",
        against_one="{value} other order came with this card in the last hour",
        favour="Not many orders came with this card in the last hour",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="card_24h",
        label="Other orders with this card in the last day",
        against="{value} other orders came with this card in the last day",
        against_one="{value} other order came with this card in the last day",
        favour="Not many orders came with this card in the last day",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="card_30d",
        label="Other orders with this card in the last 30 days",
        against="{value} other orders came with this card in the last 30 days",
        against_one="{value} other order came with this card in the last 30 days",
        favour="Not many orders came with this card in the last 30 days",
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="address_1h",
        label="Other orders with this delivery address in the last hour",
        against="{value} other orders came with this delivery address in the last hour",
        against_one="{value} other order came with this delivery address in the last hour",
        favour="Not many orders came with this delivery address in the last hour",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="address_24h",
        label="Other orders with this delivery address in the last day",
        against="{value} other orders came with this delivery address in the last day",
        against_one="{value} other order came with this delivery address in the last day",
        favour="Not many orders came with this delivery address in the last day",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="address_30d",
        label="Other orders with this delivery address in the last 30 days",
        against="{value} other orders came with this delivery address in the last 30 days",
        against_one="{value} other order came with this delivery address in the last 30 days",
        favour="Not many orders came with this delivery address in the last 30 days",
        least=1,
        counts=True,
        favour_holds=(-INF, 2),
    ),
    Feature(
        name="emails_per_ip",
        label="Different e-mail addresses from this internet address",
        against="{value} different e-mail addresses were used from this internet address",
        favour="Only this e-mail address was used from this internet address",
        direction=1,
        least=2,
        favour_holds=(-INF, 1),
    ),
    Feature(
        name="emails_per_card",
        label="Different e-mail addresses with this card",
        against="{value} different e-mail addresses were used with this card",
        favour="Only this e-mail address was used with this card",
        direction=1,
        least=2,
        favour_holds=(-INF, 1),
    ),
    Feature(
        name="emails_per_address",
        label="Different e-mail addresses for this delivery address",
        against="{value} different e-mail addresses ordered to this delivery address",
        favour="Only this e-mail address ordered to this delivery address",
        direction=1,
        least=2,
        favour_holds=(-INF, 1),
    ),
    Feature(
        name="cards_per_email",
        label="Different cards of this e-mail address",
        against="{value} different cards were used with this e-mail address",
        favour="One card was used with this e-mail address",
        direction=1,
        least=2,
        favour_holds=(-INF, 1),
    ),
    Feature(
        name="cards_per_ip",
        label="Different cards from this internet address",
        against="{value} different cards were used from this internet address",
        favour="One card was used from this internet address",
        direction=1,
        least=2,
        favour_holds=(-INF, 1),
    ),
    Feature(
        name="address_familiar",
        label="Share of this buyer's earlier orders with the same delivery address",
        against="This buyer's earlier orders came with another delivery address",
        favour="This buyer has ordered with this delivery address before",
        direction=-1,
        against_holds=(-INF, 0),
        favour_holds=(0.01, INF),
    ),
    Feature(
        name="ip_familiar",
        label="Share of this buyer's earlier orders with the same internet address",
        against="This buyer's earlier orders came with another internet address",
        favour="This buyer has ordered with this internet address before",
        direction=-1,
        against_holds=(-INF, 0),
        favour_holds=(0.01, INF),
    ),
    Feature(
        name="card_familiar",
        label="Share of this buyer's earlier orders with the same card",
        against="This buyer's earlier orders came with another card",
        favour="This buyer has ordered with this card before",
        direction=-1,
        against_holds=(-INF, 0),
        favour_holds=(0.01, INF),
    ),
    Feature(
        name="new_marks",
        label="Delivery address, internet address and card that are new for a known buyer",
        against="For a buyer who has ordered before, {value} of delivery address, internet address and card are new",
        against_one="For a buyer who has ordered before, {value} of delivery address, internet address and card is new",
        favour="Delivery address, internet address and card are those of this buyer's earlier orders",
        direction=1,
        least=1,
        favour_holds=(-INF, 0),
    ),
    Feature(
        name="offences_person",
        label="Earlier fraud with this card, e-mail address or account",
        against="{value} earlier orders with this card, e-mail address or account were fraud",
        against_one="{value} earlier order with this card, e-mail address or account was fraud",
        favour="No earlier order of this buyer was fraud",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 0),
    ),
    Feature(
        name="offences_place",
        label="Earlier fraud at this delivery or internet address",
        against="{value} earlier orders to this delivery address, or from this internet address, were fraud",
        against_one="{value} earlier order to this delivery address, or from this internet address, was fraud",
        favour="No earlier order from there was fraud",
        direction=1,
        least=1,
        counts=True,
        favour_holds=(-INF, 0),
    ),
)
"""In the order in which the model takes them."""

BY_NAME: Final[Mapping[str, Feature]] = {feature.name: feature for feature in FEATURES}
DIRECTIONS: Final[Mapping[str, int]] = {feature.name: feature.direction for feature in FEATURES}
SIGNAL: Final = "signal_"
"""What the names of a merchant's own columns begin with."""


def feature(name: str) -> Feature:
    """The feature of that name; a merchant's own signal gets plain words."""
    if known := BY_NAME.get(name):
        return known
    about = (("signal", name.removeprefix(SIGNAL).replace("_", " ")),)
    return Feature(
        name=name,
        label=fill("Your signal “{signal}”", about),
        against=fill("Your signal “{signal}” is {value}", about),
        favour=fill("Your signal “{signal}” is {value}", about),
    )
