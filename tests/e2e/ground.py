"""A platform of a test's own on this machine, and nothing left of it afterwards."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.platform import Platform
from sandbox.seed import Seed
from sandbox.shopify_store import ShopifyStore
from sandbox.shopify_store import serve as serve_shopify
from sandbox.woocommerce_store import WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce

DOMAIN = "harbour-lights.myshopify.com"


@contextmanager
def standing(folder: Path, environment: Mapping[str, str]) -> Iterator[Platform]:
    """The platform, empty, with its workers running."""
    known = dict(os.environ)
    patch = pytest.MonkeyPatch()
    patch.setattr("sandbox.platform.STATE", folder / "platform.json")
    forget()
    platform = Platform(environment=environment)
    try:
        platform.start_workers(2)
        yield platform
    finally:
        platform.close()
        patch.undo()
        os.environ.clear()
        os.environ.update(known)
        forget()


def forget() -> None:
    """What a container keeps for its life."""
    import app
    from chalicelib import aws

    for kept in (app.mouth, app.services, aws.settings, aws.clients, aws.meter):
        kept.cache_clear()


@contextmanager
def both_stores(shopify: Seed, woocommerce: Seed) -> Iterator[tuple[ShopifyStore, WooCommerceStore, list[str]]]:
    """One store of each kind with keys of a test's own, serving and telling; and their addresses."""
    one = ShopifyStore(
        shopify, domain=DOMAIN, client_secret="shpss_test", clock=now, access_token="shpat_test",
        allow_insecure_uris=True,
    )  # fmt: skip
    other = WooCommerceStore(woocommerce, consumer_key="ck_t", consumer_secret="cs_t", clock=now)
    one.outbox.start(workers=2)
    servers = [serve_shopify(one), serve_woocommerce(other)]
    try:
        yield one, other, [server.url for server in servers]
    finally:
        one.outbox.stop()
        for server in servers:
            server.close()


def now() -> datetime:
    return datetime.now(UTC)
