"""What a buyer sees: the shop, a product page, the cart; and the order screen that a merchant sees."""

from html import escape
from urllib.parse import urlencode

from werkzeug import Request, Response

from sandbox.woocommerce_store import languages, pricing, theme
from sandbox.woocommerce_store.order_view import total
from sandbox.woocommerce_store.product_view import permalink, translations
from sandbox.woocommerce_store.rows import Line, Note, Order, Product
from sandbox.woocommerce_store.scrub import scrub
from sandbox.woocommerce_store.shop import Shop
from sandbox.woocommerce_store.store import WooCommerceStore

PER_PAGE = 24


def answer(store: WooCommerceStore, request: Request) -> Response:
    """Answer a page of the shop."""
    path, shop = request.path.strip("/"), store.shop
    if path.startswith("wp-content/uploads/"):
        return theme.picture(path.rpartition("/")[2].removesuffix(".svg"))
    with shop.lock:
        if path in {"", "shop"}:
            return _index(shop, request)
        if path.startswith("product/"):
            return _product(shop, request, path.removeprefix("product/"))
        if path == "cart":
            return _cart(shop, request)
        if path.startswith("wp-admin/order/"):
            return _order(shop, path.removeprefix("wp-admin/order/"))
        return _missing(shop)


def _index(shop: Shop, request: Request) -> Response:
    words, lang = request.args.get("s", ""), request.args.get("lang", "")
    number = max(1, request.args.get("paged", 1, int))
    found = [row for row in shop.products.values() if _listed(shop, row, words.lower(), lang)]
    shown = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    title = f"Search results: “{words}”" if words else "Shop"
    body = f'<h1>{escape(title)}</h1><p class="meta">{len(found)} products</p>{_grid(shop, shown)}'
    return theme.page(shop.site, title, body + _pager(number, len(found), words, lang), lang=lang, query=words)


def _listed(shop: Shop, row: Product, words: str, lang: str) -> bool:
    return (
        row.type != "variation"
        and row.status == "publish"
        and row.catalog_visibility in ({"visible", "search"} if words else {"visible", "catalog"})
        and words in f"{row.name} {row.sku}".lower()
        and languages.visible(shop, row, lang or shop.site.language)
    )


def _pager(number: int, count: int, words: str, lang: str) -> str:
    links = []
    for place, label in ((number - 1, "← Previous"), (number + 1, "Next →")):
        if 1 <= place <= -(-count // PER_PAGE):
            query = urlencode({"s": words, "lang": lang, "paged": place})
            links.append(f'<a href="/?{escape(query)}">{label}</a>')
    return f'<nav class="pages" aria-label="Pages">{"".join(links)}</nav>'


def _grid(shop: Shop, rows: list[Product]) -> str:
    return f'<ul class="products">{"".join(_card(shop, row) for row in rows)}</ul>'


def _card(shop: Shop, row: Product) -> str:
    badge = '<span class="onsale">Sale!</span>' if pricing.is_on_sale(shop, row) else ""
    return (
        f'<li data-product-id="{row.id}"><a href="{escape(_path(shop, row))}">{_photo(row)}'
        f"<h3>{escape(row.name)}</h3></a>{badge} "
        f'<span class="price">{pricing.price_html(shop, row)}</span></li>'
    )


def _path(shop: Shop, row: Product) -> str:
    return permalink(shop, row).removeprefix(shop.site.url)


def _photo(row: Product) -> str:
    image = row.images[0] if row.images else None
    source = f"/wp-content/uploads/{(image.name if image else row.slug) or 'product'}.svg"
    return f'<img src="{escape(source)}" alt="{escape(image.alt if image else "")}" loading="lazy">'


def _product(shop: Shop, request: Request, slug: str) -> Response:
    raw = str(request.environ.get("RAW_URI", "")).partition("?")[0].strip("/").removeprefix("product/")
    row = shop.products.get(shop.slugs.get(raw.lower(), shop.slugs.get(slug, 0)))
    if row is None or row.status not in {"publish", "private"} or row.type == "variation":
        return _missing(shop)
    wanted = request.args.get("lang", "")
    translated = shop.products.get(translations(shop, row).get(wanted, 0)) if wanted else None
    return theme.page(shop.site, (translated or row).name, _sheet(shop, translated or row), lang=row.lang)


def _sheet(shop: Shop, row: Product) -> str:
    badge = '<span class="onsale">Sale!</span>' if pricing.is_on_sale(shop, row) else ""
    stock = "In stock" if row.stock_status == "instock" else row.stock_status.replace("outof", "Out of ")
    sku = f"SKU: {escape(row.sku)} · " if row.sku else ""
    return (
        f'<article class="product" data-product-id="{row.id}"><div>{_photo(row)}</div><div>'
        f'<h1>{escape(row.name)}</h1>{badge}<p class="price">{pricing.price_html(shop, row)}</p>'
        f'<div class="short">{scrub(row.short_description)}</div>{_choices(shop, row)}'
        f'<p><a class="button primary" href="/cart/?add={row.id}">Add to cart</a></p>'
        f'<p class="meta">{sku}{escape(stock)}</p>{_tongues(shop, row)}</div></article>'
        f"<section><h2>Description</h2>{scrub(row.description) or '<p>No description.</p>'}</section>"
        f"{_block(shop, row.upsell_ids, 'You may also like…', 'upsells')}"
        f"{_block(shop, row.cross_sell_ids, 'In the cart we would suggest', 'cross-sells')}"
    )


def _choices(shop: Shop, row: Product) -> str:
    rows = [shop.products[child] for child in row.variations if child in shop.products]
    lines = "".join(
        f'<tr data-product-id="{v.id}"><td>{escape(", ".join(a.options[0] for a in v.attributes))}</td>'
        f"<td>{escape(v.sku)}</td><td>{pricing.price_html(shop, v)}</td></tr>"
        for v in rows if v.status == "publish"
    )  # fmt: skip
    head = "<tr><th>Option</th><th>SKU</th><th>Price</th></tr>"
    return f'<table class="variations">{head}{lines}</table>' if lines else ""


def _tongues(shop: Shop, row: Product) -> str:
    found = translations(shop, row) if shop.site.multilingual else {}
    links = [
        f'<a hreflang="{escape(lang)}" href="{escape(_path(shop, shop.products[number]))}">{escape(lang)}</a>'
        for lang, number in found.items() if number != row.id
    ]  # fmt: skip
    return f'<p class="meta">Also in: {" · ".join(links)}</p>' if links else ""


def _block(shop: Shop, ids: list[int], title: str, kind: str) -> str:
    """Show suggested products: the theme leaves out what is gone, hidden or not for sale."""
    rows = [shop.products[number] for number in ids if number in shop.products]
    shown = [row for row in rows if row.status == "publish" and row.type != "variation"]
    return f'<section class="{kind}"><h2>{title}</h2>{_grid(shop, shown)}</section>' if shown else ""


def _cart(shop: Shop, request: Request) -> Response:
    ids = [int(part) for part in request.args.getlist("add") if part.isdigit()]
    rows = [shop.products[number] for number in ids if number in shop.products]
    lines = "".join(
        f'<tr><td><a href="{escape(_path(shop, row))}">{escape(row.name)}</a></td>'
        f'<td class="price">{pricing.price_html(shop, row)}</td></tr>'
        for row in rows
    )
    table = f"<table><tr><th>Product</th><th>Price</th></tr>{lines}</table>" if lines else "<p>Your cart is empty.</p>"
    suggested = dict.fromkeys(number for row in rows for number in row.cross_sell_ids if number not in ids)
    block = _block(shop, list(suggested), "You may be interested in…", "cross-sells")
    return theme.page(shop.site, "Cart", f"<h1>Cart</h1>{table}{block}")


def _order(shop: Shop, number: str) -> Response:
    order = shop.orders.get(int(number)) if number.isdigit() else None
    if order is None:
        return _missing(shop)
    status = escape(order.status)
    billing = ", ".join(escape(value) for value in order.billing.values() if value)
    lines = "".join(_order_line(shop, line) for line in order.lines)
    notes = "".join(_note(note) for note in reversed(order.notes)) or "<p>No notes.</p>"
    body = (
        f'<h1>Order #{order.id} <span class="status {status}">{status}</span></h1>'
        f'<p class="meta">{order.created_at:%Y-%m-%d %H:%M} UTC · {escape(order.payment_method_title)} · '
        f"customer IP {escape(order.customer_ip_address or 'unknown')}</p>"
        f"<h2>Billing</h2><p>{billing or 'None'}</p>"
        f"<table><tr><th>Item</th><th>Qty</th><th>Total</th></tr>{lines}</table>"
        f"<p><strong>Total {pricing.amount_html(shop.site, total(order))}</strong></p>{_refunds(shop, order)}"
        f"<h2>Order notes</h2>{notes}"
    )
    return theme.page(shop.site, f"Order #{order.id}", body)


def _order_line(shop: Shop, line: Line) -> str:
    return (
        f"<tr><td>{escape(line.name)}</td><td>{line.quantity}</td>"
        f"<td>{pricing.amount_html(shop.site, line.total)}</td></tr>"
    )


def _note(note: Note) -> str:
    kind = "note customer" if note.customer_note else "note"
    moment = f'<span class="meta">{note.created_at:%Y-%m-%d %H:%M} · {escape(note.author)}</span>'
    return f'<div class="{kind}">{escape(note.text).replace("&amp;rarr;", "→")}<br>{moment}</div>'


def _refunds(shop: Shop, order: Order) -> str:
    rows = "".join(
        f"<li>{pricing.amount_html(shop.site, row.amount)} {escape(row.reason)}</li>" for row in order.refunds
    )
    return f"<h2>Refunds</h2><ul>{rows}</ul>" if rows else ""


def _missing(shop: Shop) -> Response:
    body = "<h1>Oops! That page can’t be found.</h1><p>Nothing was found at this location.</p>"
    return theme.page(shop.site, "Page not found", body, 404)
