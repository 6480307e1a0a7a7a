"""What the price tests share: goods with a cost, and a merchant who allows prices at once."""

from dataclasses import replace
from decimal import Decimal

from chalicelib.domain.ids import ProductId
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Policy
from sandbox.bazaar import Stall


def free(policy: Policy) -> Policy:
    """Automatic from the first price on, with the ordinary limits."""
    return replace(policy, prices=replace(policy.prices, accepted_before_automatic=0))


def with_cost(place: Stall, cost: str = "4.00") -> None:
    """The merchant enters what the product costs."""
    known = place.products[ProductId("p0")]
    (variant,) = known.variants
    paid = Money(Decimal(cost), place.currency)
    place.put_product(replace(known, variants=(replace(variant, cost=paid),)))


def repriced(place: Stall, price: Money | None) -> None:
    """The merchant asks another price."""
    known = place.products[ProductId("p0")]
    (variant,) = known.variants
    place.put_product(replace(known, variants=(replace(variant, price=price),)))
