"""The options that an app reads to know how a shop counts money and measures."""

from dataclasses import dataclass
from typing import Any

from sandbox.woocommerce_store.site import Site, self_link


@dataclass(frozen=True, slots=True)
class Option:
    """One setting."""

    id: str
    label: str
    type: str
    default: str
    value: str


def general(site: Site) -> list[Option]:
    """Give the options of settings/general."""
    return [
        Option("woocommerce_store_address", "Address line 1", "text", "", "1 Harbour Street"),
        Option("woocommerce_default_country", "Country / State", "select", "US:CA", site.country),
        Option("woocommerce_allowed_countries", "Selling location(s)", "select", "all", "all"),
        Option("woocommerce_calc_taxes", "Enable taxes", "checkbox", "no", "no"),
        Option("woocommerce_currency", "Currency", "select", "USD", site.currency),
        Option("woocommerce_currency_pos", "Currency position", "select", "left", "left"),
        Option("woocommerce_price_thousand_sep", "Thousand separator", "text", ",", ","),
        Option("woocommerce_price_decimal_sep", "Decimal separator", "text", ".", "."),
        Option("woocommerce_price_num_decimals", "Number of decimals", "number", "2", str(site.decimals)),
    ]


def products_settings() -> list[Option]:
    """Give the options of settings/products that matter to measures."""
    return [
        Option("woocommerce_weight_unit", "Weight unit", "select", "kg", "kg"),
        Option("woocommerce_dimension_unit", "Dimensions unit", "select", "cm", "cm"),
        Option("woocommerce_manage_stock", "Manage stock", "checkbox", "yes", "yes"),
    ]


def render_option(site: Site, group: str, option: Option) -> dict[str, Any]:
    """Give an option as settings/{group} lists it."""
    path = f"settings/{group}"
    return {
        "id": option.id,
        "label": option.label,
        "description": "",
        "type": option.type,
        "default": option.default,
        "tip": "",
        "value": option.value,
        "_links": {
            "self": self_link(site, f"{path}/{option.id}"),
            "collection": [{"href": site.rest(path)}],
        },
    }
