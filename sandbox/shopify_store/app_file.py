"""What Shopify knows of an app: its configuration file (shopify.app.toml), read and put in force at a shop.

Refused as Shopify's own command line refuses it: a webhook without its scope, a compliance topic beside ordinary
ones, an API version that is not served.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from sandbox.shopify_store.webhooks import API_VERSION, COMPLIANCE, AppSubscriptions

NEEDS: Mapping[str, tuple[str, ...]] = {
    "products/": ("read_products",), "orders/": ("read_orders",), "refunds/": ("read_orders",),
    "inventory_levels/": ("read_inventory",), "inventory_items/": ("read_inventory", "read_products"),
    "fulfillment_orders/": ("read_merchant_managed_fulfillment_orders",), "customers/": ("read_customers",),
    "disputes/": ("read_shopify_payments_disputes",), "markets/": ("read_markets",), "locales/": ("read_locales",),
}  # fmt: skip
"""Family of topics -> scopes of which one is needed, as the schema's description of each topic says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFile:
    """An app as its file declares it."""

    name: str
    application_url: str
    scopes: tuple[str, ...]
    redirect_urls: tuple[str, ...]
    subscriptions: AppSubscriptions
    proxy_url: str
    proxy_path: str


def read(path: Path, *, base_url: str = "") -> AppFile:
    """Read the file; ``base_url`` replaces the deployment's own address. Raises ValueError."""
    found = tomllib.loads(path.read_text())
    declared = found["application_url"].rstrip("/")
    home = base_url or declared
    scopes = tuple(found["access_scopes"]["scopes"].split(","))
    proxy = found["app_proxy"]
    return AppFile(
        name=found["name"], application_url=f"{home}/", scopes=scopes,
        redirect_urls=tuple(url.replace(declared, home) for url in found["auth"]["redirect_urls"]),
        subscriptions=_subscriptions(found["webhooks"], f"{home}/", frozenset(scopes)),
        proxy_url=proxy["url"], proxy_path=f"/{proxy['prefix']}/{proxy['subpath']}",
    )  # fmt: skip


def _subscriptions(webhooks: Mapping[str, Any], home: str, scopes: frozenset[str]) -> AppSubscriptions:
    if webhooks["api_version"] != API_VERSION:
        raise ValueError(f"webhooks.api_version {webhooks['api_version']} is not served here")
    fields: dict[str, tuple[str, ...]] = {}
    compliance, uris = False, set()
    for block in webhooks["subscriptions"]:
        topics, legal = block.get("topics", []), block.get("compliance_topics", [])
        if bool(topics) == bool(legal) or not set(legal) <= set(COMPLIANCE) or set(topics) & set(COMPLIANCE):
            raise ValueError("a block of webhooks.subscriptions has either topics or compliance_topics")
        for topic in topics:
            _check_scope(topic, scopes)
            fields[topic] = tuple(block.get("include_fields", ()))
        compliance = compliance or set(legal) == set(COMPLIANCE)
        uris.add(urljoin(home, block["uri"]))
    if len(uris) != 1:
        raise ValueError("all webhooks go to one address")
    return AppSubscriptions(topics=tuple(fields), uri=uris.pop(), compliance=compliance, fields=fields)


def _check_scope(topic: str, scopes: frozenset[str]) -> None:
    needed = next((some for family, some in NEEDS.items() if topic.startswith(family)), ())
    granted = scopes | {scope.replace("write_", "read_", 1) for scope in scopes}
    if needed and not granted & set(needed):
        raise ValueError(f"the topic {topic} needs the scope {' or '.join(needed)}")
