"""The stage of the simulated orders: countries, six shops, and what a line of their goods looks like."""

from dataclasses import dataclass

import numpy as np

# Where buyers live; FOREIGN_WEIGHT is each country's share of a shop's foreign buyers, up to a factor.
COUNTRIES = (
    "DE", "AT", "CH", "FR", "NL", "BE", "IT", "ES", "PL", "GB", "IE", "SE", "DK", "US", "CA", "MX", "BR",
    "AU", "JP", "CN", "IN", "ZA", "NG", "AE", "TR",
)  # fmt: skip
FOREIGN_WEIGHT = (9, 5, 5, 8, 6, 4, 6, 6, 5, 8, 3, 3, 3, 12, 4, 2, 3, 3, 3, 3, 3, 1.5, 1.5, 2, 2)
AVS_COUNTRIES = frozenset({"US", "CA", "GB"})  # address verification hardly exists elsewhere
PROXY_COUNTRIES = ("NL", "US", "DE", "GB", "FR", "BR", "IN", "NG", "TR", "CN", "PL")
FREE_MAIL = (
    "gmail.com",
    "outlook.com",
    "gmx.net",
    "yahoo.com",
    "icloud.com",
    "web.de",
    "orange.fr",
    "proton.me",
)
DISPOSABLE_MAIL = (
    "mailinator.com",
    "guerrillamail.com",
    "10minutemail.com",
    "yopmail.com",
    "trashmail.com",
    "temp-mail.org",
)


@dataclass(frozen=True, slots=True)
class ShopKind:
    """One simulated shop; amounts are in its own currency, `visibility` says what its store shows."""

    name: str
    home: str
    currency: str
    typical_amount: float
    amount_spread: float
    foreign_share: float
    resale_share: float
    digital_share: float
    orders_per_day: float
    fraud_scale: float
    visibility: str  # "full" as Shopify, "woo" without AVS, CVV and card, "redacted" without personal data


SHOPS = (
    ShopKind("fashion", "DE", "EUR", 70.0, 0.6, 0.35, 0.10, 0.00, 38.0, 1.0, "full"),
    ShopKind("electronics", "US", "USD", 180.0, 0.9, 0.12, 0.45, 0.05, 34.0, 1.6, "full"),
    ShopKind("cosmetics", "FR", "EUR", 45.0, 0.5, 0.30, 0.15, 0.00, 34.0, 0.8, "woo"),
    ShopKind("games", "GB", "GBP", 35.0, 0.7, 0.25, 0.25, 0.60, 36.0, 1.4, "full"),
    ShopKind("sports", "NL", "EUR", 95.0, 0.7, 0.40, 0.20, 0.00, 30.0, 1.0, "woo"),
    ShopKind("homeware", "US", "USD", 110.0, 0.8, 0.08, 0.05, 0.00, 30.0, 0.6, "redacted"),
)


@dataclass(frozen=True, slots=True)
class Basket:
    """What is bought: total in shop currency, shares of the total between 0 and 1."""

    total: float
    units: int
    lines: int
    top_share: float
    resale_share: float
    digital_share: float
    discount_share: float


def basket(
    rng: np.random.Generator, shop: ShopKind, scale: float = 1.0, resale: float = 1.0, bulk: bool = False
) -> Basket:
    """Draws one basket: log-normal totals, a heavy tail, few lines; `bulk` is many units of one thing."""
    total = shop.typical_amount * scale * float(np.exp(shop.amount_spread * rng.standard_normal()))
    if rng.random() < 0.01:
        total *= float(1.0 + rng.pareto(2.0))
    lines = 1 if bulk else 1 + int(rng.poisson(1.1))
    units = int(rng.integers(5, 25)) if bulk else lines + int(rng.poisson(0.35 * lines))
    shares = rng.dirichlet(np.full(lines, 1.2))
    resold = float(shares[rng.random(lines) < min(0.95, shop.resale_share * resale)].sum())
    digital = float(shares[rng.random(lines) < shop.digital_share].sum())
    discount = float(rng.uniform(0.05, 0.3)) if rng.random() < 0.2 else 0.0
    return Basket(
        round(max(total * (1 - discount), 1.0), 2), units, lines, round(float(shares.max()), 3),
        round(min(resold, 1.0), 3), round(min(digital, 1.0), 3), round(discount, 3),
    )  # fmt: skip


def foreign_country(rng: np.random.Generator, home: str) -> str:
    """A country other than home, weighted by cross-border trade as a small shop sees it."""
    weights = np.array([0.0 if c == home else w for c, w in zip(COUNTRIES, FOREIGN_WEIGHT, strict=True)])
    return COUNTRIES[int(rng.choice(len(COUNTRIES), p=weights / weights.sum()))]


def address(rng: np.random.Generator, country: str) -> str:
    """A made-up address token; equal tokens mean the same door."""
    return f"{country}-{int(rng.integers(1, 10**9)):09d}"


def ip_address(rng: np.random.Generator) -> str:
    """A made-up IPv4 address."""
    a, b, c = (int(v) for v in rng.integers(1, 255, 3))
    return f"198.{a}.{b}.{c}"


def card(rng: np.random.Generator) -> str:
    """Card BIN, last four digits and expiry, as far as a store shows them."""
    return (
        f"{int(rng.integers(400000, 559999))}-{int(rng.integers(0, 9999)):04d}-{int(rng.integers(1, 60)):02d}"
    )
