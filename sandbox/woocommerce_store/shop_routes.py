"""webhooks, system_status, settings, terms: what the shop says of itself."""

from typing import Any

from sandbox.woocommerce_store import batch, languages, listing, webhooks
from sandbox.woocommerce_store.call import Answer, Backroom, Call, Handler, created
from sandbox.woocommerce_store.pages import paged
from sandbox.woocommerce_store.rest_errors import RestError
from sandbox.woocommerce_store.rows import Webhook
from sandbox.woocommerce_store.schema import Kind, Schema, clean
from sandbox.woocommerce_store.settings import general, products_settings, render_option
from sandbox.woocommerce_store.shop import Shop
from sandbox.woocommerce_store.site import WOOCOMMERCE_VERSION, WORDPRESS_VERSION, link
from sandbox.woocommerce_store.webhooks import render_webhook

_WOOCOMMERCE = ("woocommerce/woocommerce.php", "WooCommerce", WOOCOMMERCE_VERSION, "Automattic")
_FILTERS: Schema = {**listing.COLLECTION, "status": Kind("string", ("all", *webhooks.STATUSES))}


def index_webhooks(room: Backroom, call: Call) -> Answer:
    """List webhooks."""
    params = clean(_FILTERS, call.query)
    status = params.get("status", "all")
    rows = [row for row in room.shop.webhooks.values() if status in ("all", row.status)]
    page = listing.cut(listing.arrange(listing.select(room.shop, rows, params), params, lambda r: r.name), params)
    bodies = [render_webhook(room.shop, room.shop.webhooks[number]) for number in page.ids]
    return paged(room.shop, "webhooks", call, page, bodies)


def show_webhook(room: Backroom, call: Call) -> Answer:
    """Give one webhook."""
    return Answer(render_webhook(room.shop, webhooks.find(room.shop, call.ids[0], 400, "ID is invalid.")))


def create_webhook(room: Backroom, call: Call) -> Answer:
    """Subscribe, then ping."""
    webhook = webhooks.create(room.shop, call.params)
    answer = created(room, f"webhooks/{webhook.id}", render_webhook(room.shop, webhook))
    return Answer(answer.body, 201, answer.headers, lambda: room.outbox.ping(webhook))


def update_webhook(room: Backroom, call: Call) -> Answer:
    """Change a subscription; a new address is pinged."""
    webhook = webhooks.find(room.shop, call.ids[0], 400, "ID is invalid.")
    again = webhooks.update(room.shop, webhook, call.params)
    body = render_webhook(room.shop, webhook)
    return Answer(body, after=(lambda: room.outbox.ping(webhook)) if again else None)


def remove_webhook(room: Backroom, call: Call) -> Answer:
    """Unsubscribe; there is no trash for webhooks."""
    if not call.force:
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    return Answer(_delete(room.shop, {"id": call.ids[0]}))


def batch_webhooks(room: Backroom, call: Call) -> Answer:
    """Create, update and delete webhooks in one call."""
    shop = room.shop
    new: list[Webhook] = []

    def create(item: dict[str, Any]) -> dict[str, Any]:
        webhook = webhooks.create(shop, item)
        new.append(webhook)
        return render_webhook(shop, webhook)

    def update(item: dict[str, Any]) -> dict[str, Any]:
        webhook = webhooks.find(shop, int(item.get("id") or 0), 400, "ID is invalid.")
        if webhooks.update(shop, webhook, item):
            new.append(webhook)
        return render_webhook(shop, webhook)

    body = batch.run(call.body, create, update, lambda item: _delete(shop, item))

    def ping_all() -> None:
        for webhook in new:
            room.outbox.ping(webhook)

    return Answer(body, after=ping_all)


def system_status(room: Backroom, call: Call) -> Answer:
    """Give the system status: environment, plugins, settings."""
    site, products = room.shop.site, room.shop.products.values()
    plugins = (_WOOCOMMERCE, *languages.PLUGINS[site.multilingual])
    return Answer(
        {
            "environment": _environment(room.shop),
            "database": {"wc_database_version": WOOCOMMERCE_VERSION},
            "active_plugins": [_plugin(*row) for row in plugins],
            "inactive_plugins": [],
            "dropins_mu_plugins": {"dropins": [], "mu_plugins": []},
            "theme": {"name": "Storefront", "version": "4.6.1", "has_woocommerce_support": True},
            "settings": {
                "api_enabled": False,
                "force_ssl": False,
                "currency": site.currency,
                "currency_symbol": site.symbol_entity,
                "currency_position": "left",
                "thousand_separator": ",",
                "decimal_separator": ".",
                "number_of_decimals": site.decimals,
                "HPOS_enabled": True,
                "HPOS_sync_enabled": False,
            },
            "security": {"secure_connection": site.ssl, "hide_errors": True},
            "pages": [],
            "post_type_counts": [
                {"type": "product", "count": str(sum(row.type != "variation" for row in products))},
                {"type": "shop_order", "count": str(len(room.shop.orders))},
            ],
        }
    )  # fmt: skip


def setting_groups(room: Backroom, call: Call) -> Answer:
    """List the groups of settings."""
    groups = [("general", "General"), ("products", "Products")]
    return Answer(
        [
            {"id": name, "label": label, "description": "", "parent_id": "", "sub_groups": [],
             "_links": {"options": link(room.shop.site, f"settings/{name}")}}
            for name, label in groups
        ]
    )  # fmt: skip


def settings_general(room: Backroom, call: Call) -> Answer:
    """List the general settings: currency, country, decimals."""
    return Answer([render_option(room.shop.site, "general", option) for option in general(room.shop.site)])


def settings_products(room: Backroom, call: Call) -> Answer:
    """List the product settings: units."""
    return Answer([render_option(room.shop.site, "products", option) for option in products_settings()])


def terms(taxonomy: str, path: str) -> Handler:
    """Make the handler that lists a taxonomy."""

    def index(room: Backroom, call: Call) -> Answer:
        params = clean({"page": Kind("integer", low=1), "per_page": Kind("integer", low=1, high=100)}, call.query)
        rows = [term for (kind, _), term in room.shop.terms.items() if kind == taxonomy]
        page = listing.cut([term.id for term in rows], params)
        bodies = [
            {"id": t.id, "name": t.name, "slug": t.slug, "description": "",
             "count": len(room.shop.members.get(t.id, ()))}
            for t in rows if t.id in page.ids
        ]  # fmt: skip
        return paged(room.shop, path, call, page, bodies)

    return index


def _delete(shop: Shop, item: dict[str, Any]) -> dict[str, Any]:
    webhook = webhooks.find(shop, int(item.get("id") or 0))
    del shop.webhooks[webhook.id]
    shop.changed()
    return render_webhook(shop, webhook)


def _environment(shop: Shop) -> dict[str, Any]:
    site = shop.site
    return {
        "home_url": site.url,
        "site_url": site.url,
        "version": WOOCOMMERCE_VERSION,
        "log_directory_writable": True,
        "wp_version": WORDPRESS_VERSION,
        "wp_multisite": False,
        "wp_memory_limit": 268435456,
        "wp_debug_mode": False,
        "wp_cron": True,
        "language": site.locales[0] if site.locales else "en_US",
        "server_info": "Apache/2.4.62",
        "php_version": "8.3.14",
        "default_timezone": "UTC",
        "remote_post_successful": True,
        "remote_get_successful": True,
    }


def _plugin(path: str, name: str, version: str, author: str) -> dict[str, Any]:
    return {
        "plugin": path,
        "name": name,
        "version": version,
        "version_latest": version,
        "url": "",
        "author_name": author,
        "author_url": "",
        "network_activated": False,
    }


_EDIT = ("PUT", "POST", "PATCH")
ROUTES: tuple[tuple[str, dict[str, Handler]], ...] = (
    (r"webhooks", {"GET": index_webhooks, "POST": create_webhook}),
    (r"webhooks/batch", dict.fromkeys(_EDIT, batch_webhooks)),
    (
        r"webhooks/(\d+)",
        {"GET": show_webhook, "DELETE": remove_webhook, **dict.fromkeys(_EDIT, update_webhook)},
    ),
    (r"system_status", {"GET": system_status}),
    (r"settings", {"GET": setting_groups}),
    (r"settings/general", {"GET": settings_general}),
    (r"settings/products", {"GET": settings_products}),
    (r"products/categories", {"GET": terms("product_cat", "products/categories")}),
    (r"products/tags", {"GET": terms("product_tag", "products/tags")}),
    (r"products/brands", {"GET": terms("product_brand", "products/brands")}),
)  # fmt: skip
