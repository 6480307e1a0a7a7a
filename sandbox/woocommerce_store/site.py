"""What the merchant set once: name, money, zone, address, plugins."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

WOOCOMMERCE_VERSION = "9.9.5"
WORDPRESS_VERSION = "6.8.8"

_SYMBOLS = {
    "EUR": ("€", "&euro;"), "GBP": ("£", "&pound;"), "USD": ("$", "&#36;"), "JPY": ("¥", "&yen;"),
    "CHF": ("CHF", "&#67;&#72;&#70;"), "KWD": ("د.ك", "&#x62f;.&#x643;"), "SEK": ("kr", "&#107;&#114;"),
    "PLN": ("zł", "&#122;&#322;"), "CAD": ("$", "&#36;"), "AUD": ("$", "&#36;"),
}  # fmt: skip
_DECIMALS = {"JPY": 0, "KRW": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}


@dataclass(slots=True, kw_only=True)
class Site:
    """The shop's settings; ``url`` has no trailing slash and is filled in once the server listens."""

    name: str
    currency: str
    country: str
    zone: ZoneInfo
    locales: tuple[str, ...]
    multilingual: str = ""
    own_media: bool = False
    """Whether each language has pictures of its own, or all of them share one (as the plug-ins come)."""
    url: str = "http://shop.invalid"
    ssl: bool = False

    @property
    def decimals(self) -> int:
        """Give how many decimals the shop shows."""
        return _DECIMALS.get(self.currency, 2)

    @property
    def symbol(self) -> str:
        """Give the currency sign as text."""
        return _SYMBOLS.get(self.currency, (self.currency, self.currency))[0]

    @property
    def symbol_entity(self) -> str:
        """Give the currency sign as WooCommerce writes it into HTML."""
        return _SYMBOLS.get(self.currency, (self.currency, self.currency))[1]

    @property
    def language(self) -> str:
        """Give the shop's first language."""
        return self.locales[0].split("-")[0].lower() if self.locales else "en"

    @property
    def languages(self) -> tuple[str, ...]:
        """Give every language the shop speaks, its own first."""
        return tuple(dict.fromkeys(locale.split("-")[0].lower() for locale in self.locales)) or ("en",)

    def amount(self, value: Decimal) -> str:
        """Format an amount of money as the REST API does."""
        return f"{value:.{self.decimals}f}"

    def local(self, moment: datetime | None) -> str | None:
        """Give a moment in the shop's own zone, without an offset."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M:%S") if moment else None

    def gmt(self, moment: datetime | None) -> str | None:
        """Give a moment in UTC, without an offset."""
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if moment else None

    def rest(self, path: str) -> str:
        """Give the address of a wc/v3 resource."""
        return f"{self.url}/wp-json/wc/v3/{path}"


_ALLOW = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def self_link(site: Site, path: str) -> list[dict[str, object]]:
    """Give WordPress' ``self`` link, which since 6.8 carries the allowed methods."""
    return [{"href": site.rest(path), "targetHints": {"allow": _ALLOW}}]


def link(site: Site, path: str) -> list[dict[str, object]]:
    """Give a plain link."""
    return [{"href": site.rest(path)}]
