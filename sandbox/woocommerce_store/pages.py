"""The headers of a collection's answer: totals and links to the neighbouring pages."""

from typing import Any
from urllib.parse import urlencode

from sandbox.woocommerce_store.call import Answer, Call
from sandbox.woocommerce_store.listing import Page
from sandbox.woocommerce_store.shop import Shop


def paged(shop: Shop, path: str, call: Call, page: Page, rows: list[dict[str, Any]]) -> Answer:
    """Give a page of rendered rows with X-WP-Total, X-WP-TotalPages and Link."""
    number = int(call.query.get("page") or 1)
    headers = {"X-WP-Total": str(page.total), "X-WP-TotalPages": str(page.pages)}
    links = []
    if number > 1:
        links.append(_link(shop, path, call, min(number - 1, page.pages), "prev"))
    if number < page.pages:
        links.append(_link(shop, path, call, number + 1, "next"))
    if links:
        headers["Link"] = ", ".join(links)
    return Answer(rows, 200, headers)


def _link(shop: Shop, path: str, call: Call, number: int, relation: str) -> str:
    query = {name: value for name, value in call.query.items() if not isinstance(value, dict)}
    return f'<{shop.site.rest(path)}?{urlencode({**query, "page": number})}>; rel="{relation}"'
