"""What the model looks at: names, kinds, common sense, and the words for each of them.

``direction`` is +1 where more of it must never look safer, -1 where more must never look riskier: learning is
bound by it. No name, nationality, language or place of a buyer is here; countries count as mismatch and distance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

type Kind = Literal["number", "category"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing looked at. Texts are catalogue messages; ``{value}`` is the order's own value, where they say it."""

    name: str
    label: str
    against: str
    """Said where it speaks against the order."""
    favour: str
    """Said where it speaks for the order."""
    kind: Kind = "number"
    direction: int = 0
    categories: tuple[str, ...] = ()
    missing: str = ""
    """Said where the store does not show it; empty where that is not worth a word."""


def _number(name: str, label: str, against: str, favour: str, direction: int = 0, missing: str = "") -> Feature:
    return Feature(name, label, against, favour, "number", direction, (), missing)


def _category(name: str, label: str, against: str, favour: str, categories: tuple[str, ...]) -> Feature:
    return Feature(name, label, against, favour, "category", 0, categories)


def _velocity(kind: str, what: str) -> list[Feature]:
    """Bursts are never good news; many orders within a month may be a loyal buyer's."""
    spans = {"1h": "hour", "24h": "day", "30d": "30 days"}
    return [
        _number(
            f"{kind}_{window}",
            f"Other orders with this {what} in the last {span}",
            f"{{value}} other orders came with this {what} in the last {span}",
            f"Not many orders came with this {what} in the last {span}",
            0 if window == "30d" else 1,
        )
        for window, span in spans.items()
    ]


def _familiar(kind: str, what: str) -> list[Feature]:
    return [
        _number(
            f"{kind}_familiar",
            f"Share of this buyer's earlier orders with the same {what}",
            f"This buyer's earlier orders came with another {what}",
            f"This buyer has ordered with this {what} before",
            -1,
        )
    ]


FEATURES: Final[tuple[Feature, ...]] = (
    _number("amount_vs_shop", "Order total beside what is usual in this shop",
            "The total is unusual for this shop", "The total is usual for this shop"),
    _number("amount_vs_buyer", "Order total beside what this buyer usually spends",
            "The total is unusual for this buyer", "The total is usual for this buyer"),
    _number("units", "Number of pieces", "{value} pieces were ordered", "The number of pieces is usual"),
    _number("lines", "Number of different items", "{value} different items were ordered",
            "{value} different items were ordered"),
    _number("top_share", "Share of the dearest item in the total", "Nearly all of it is for one item",
            "The total is spread over several items"),
    _number("item_risk", "Goods that sell well second-hand or were often lost to fraud",
            "It holds goods that are often ordered with stolen cards", "The goods are rarely a target of fraud", 1),
    _number("digital_share", "Share of the total that is delivered at once (gift cards, downloads)",
            "Part of it is delivered at once, a gift card or a download",
            "Nothing is delivered before it can be checked"),
    _number("discount_share", "Discount", "The discount is {value} %", "The discount is {value} %"),
    _number("express", "Express delivery", "Express delivery was chosen", "Ordinary delivery was chosen", 1),
    _number("ships_elsewhere", "Delivery address differs from billing address",
            "It goes to another address than the billing address", "It goes to the billing address"),
    _number("shipping_billing_km", "Distance between the billing and the delivery country (km)",
            "Billing and delivery country lie {value} km apart",
            "Billing and delivery country are the same or near", 1),
    _number("ip_billing_km", "Distance between the buyer's internet address and the billing country (km)",
            "The order was placed {value} km from the billing country",
            "The order was placed in or near the billing country", 1),
    _number("ip_shipping_km", "Distance between the buyer's internet address and the delivery country (km)",
            "The order was placed {value} km from the delivery country",
            "The order was placed in or near the delivery country", 1),
    _number("phone_given", "Telephone number given", "A telephone number was given", "A telephone number was given"),
    _number("email_digits", "Digits in the e-mail address", "The e-mail address holds many digits",
            "The e-mail address holds few digits"),
    _category("email_kind", "Kind of e-mail address", "The e-mail address is of this kind: {value}",
              "The e-mail address is of this kind: {value}", ("own domain", "free provider", "disposable")),
    _number("account_days", "Age of the customer account (days)", "The customer account is {value} days old",
            "The customer account is {value} days old", -1, "It was bought without a customer account"),
    _number("orders_before", "Earlier orders of this customer", "The customer has {value} earlier orders",
            "The customer has {value} earlier orders", 0, "It was bought without a customer account"),
    _category("avs", "Address check by the card's bank", "The bank's address check says: {value}",
              "The bank's address check says: {value}", ("match", "partial match", "no match", "not available")),
    _category("cvv", "Security code of the card", "The check of the card's security code says: {value}",
              "The check of the card's security code says: {value}", ("match", "no match", "not checked")),
    _category("paid_with", "Way of paying", "Paid by: {value}", "Paid by: {value}",
              ("card", "wallet", "transfer", "invoice", "cash", "other")),
    _number("failed_payments", "Failed payments before this one", "{value} payments failed before this one",
            "The payment went through at once", 1),
    _number("provider_risk", "Risk seen by other providers", "Another provider sees a raised risk",
            "Other providers see little risk", 1),
    _category("channel", "Where it was ordered", "Ordered through: {value}", "Ordered through: {value}",
              ("web", "pos", "draft", "other")),
    _number("hour", "Hour of the day in the shop's time zone", "It was placed at an unusual hour",
            "It was placed at a usual hour"),
    *_velocity("email", "e-mail address"),
    *_velocity("ip", "internet address"),
    *_velocity("card", "card"),
    *_velocity("address", "delivery address"),
    _number("emails_per_ip", "Different e-mail addresses from this internet address",
            "{value} different e-mail addresses were used from this internet address",
            "Only this e-mail address was used from this internet address", 1),
    _number("emails_per_card", "Different e-mail addresses with this card",
            "{value} different e-mail addresses were used with this card",
            "Only this e-mail address was used with this card", 1),
    _number("emails_per_address", "Different e-mail addresses for this delivery address",
            "{value} different e-mail addresses ordered to this delivery address",
            "Only this e-mail address ordered to this delivery address", 1),
    _number("cards_per_email", "Different cards of this e-mail address",
            "{value} different cards were used with this e-mail address",
            "One card was used with this e-mail address", 1),
    _number("cards_per_ip", "Different cards from this internet address",
            "{value} different cards were used from this internet address",
            "One card was used from this internet address", 1),
    *_familiar("address", "delivery address"),
    *_familiar("ip", "internet address"),
    *_familiar("card", "card"),
    _number("new_marks", "Delivery address, internet address and card that are new for a known buyer",
            "For a buyer who has ordered before, {value} of delivery address, internet address and card are new",
            "Delivery address, internet address and card are those of this buyer's earlier orders", 1),
    _number("offences_person", "Earlier fraud with this card, e-mail address or account",
            "{value} earlier orders with this card, e-mail address or account were fraud",
            "No earlier order of this buyer was fraud", 1),
    _number("offences_place", "Earlier fraud at this delivery or internet address",
            "{value} earlier orders to this delivery address, or from this internet address, were fraud",
            "No earlier order from there was fraud", 1),
)  # fmt: skip
"""In the order in which the model takes them."""

BY_NAME: Final[Mapping[str, Feature]] = {feature.name: feature for feature in FEATURES}
SIGNAL: Final = "signal_"
"""What the names of a merchant's own columns begin with."""


def feature(name: str) -> Feature:
    """The feature of that name; a merchant's own signal gets plain words."""
    if known := BY_NAME.get(name):
        return known
    label = name.removeprefix(SIGNAL).replace("_", " ")
    return Feature(name, label, f"Your signal “{label}” is {{value}}", f"Your signal “{label}” is {{value}}")
