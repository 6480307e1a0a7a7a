"""Products made, changed and removed through the API, and redirects for handles that moved."""

import re
from decimal import Decimal
from typing import Any

from sandbox.seed import SeedProduct, SeedVariant
from sandbox.shopify_store import merchant, payloads, seeding
from sandbox.shopify_store.connections import by_id, connection
from sandbox.shopify_store.records import Product, Redirect, gid
from sandbox.shopify_store.registry import Call, resolves, user_error

WRITE = ("write_products",)
NAVIGATION = ("write_online_store_navigation", "write_content")
LONGEST_TITLE = 255
RENAMED = {
    "title": "title",
    "descriptionHtml": "description_html",
    "productType": "product_type",
    "vendor": "vendor",
    "tags": "tags",
    "status": "status",
}


@resolves("Mutation.productCreate", access=WRITE)
def create(_root: Any, call: Call, *, product: dict[str, Any] | None = None) -> dict[str, Any]:
    """A new product with one default variant; active unless the input says otherwise, unpublished."""
    wanted = product or {}
    error = _check_title(wanted.get("title"))
    if error:
        return {"product": None, "userErrors": [error]}
    seed = SeedProduct(
        key="", title=wanted["title"], variants=(SeedVariant(sku="", price=Decimal(0)),),
        created_at=call.now(), published=False,
    )  # fmt: skip
    made = seeding.add_product(call.state, seed)
    merchant.change_texts(call, made, **_changes(wanted))
    call.post("products/create", payloads.product(call.state, made))
    return {"product": made, "userErrors": []}


def _check_title(title: str | None) -> dict[str, Any] | None:
    if not (title or "").strip():
        return user_error(["title"], "Title can't be blank")
    if len(title or "") > LONGEST_TITLE:
        return user_error(["title"], f"Title is too long (maximum is {LONGEST_TITLE} characters)")
    return None


def _changes(wanted: dict[str, Any]) -> dict[str, Any]:
    changes = {ours: wanted[theirs] for theirs, ours in RENAMED.items() if wanted.get(theirs) is not None}
    if wanted.get("handle"):
        changes["handle"] = seeding.handle_of(wanted["handle"])
    if wanted.get("seo"):
        changes["seo_title"] = wanted["seo"].get("title")
        changes["seo_description"] = wanted["seo"].get("description")
    return changes


@resolves("Mutation.productUpdate", access=WRITE)
def update(_root: Any, call: Call, *, product: dict[str, Any] | None = None) -> dict[str, Any]:
    """Changes texts, tags, status or handle; the old handle redirects where that is asked for."""
    wanted = product or {}
    record = call.state.find(wanted.get("id") or "")
    if not isinstance(record, Product):
        return {"product": None, "userErrors": [user_error(["id"], "Product does not exist")]}
    error = _check_title(wanted["title"]) if "title" in wanted else None
    if error:
        return {"product": None, "userErrors": [error]}
    before = record.handle
    merchant.update_product(call, record, **_changes(wanted))
    if wanted.get("redirectNewHandle") and record.handle != before:
        add_redirect(call, f"/products/{before}", f"/products/{record.handle}")
    return {"product": record, "userErrors": []}


@resolves("Mutation.productDelete", access=WRITE)
def delete(_root: Any, call: Call, *, input: dict[str, Any], synchronous: bool = True) -> dict[str, Any]:  # noqa: A002
    """Removes a product."""
    record = call.state.find(input["id"])
    if not isinstance(record, Product):
        error = user_error(["id"], "Product does not exist")
        return {"deletedProductId": None, "userErrors": [error]}
    merchant.delete_product(call, record)
    return {"deletedProductId": gid("Product", record.number), "userErrors": []}


def add_redirect(call: Call, path: str, target: str) -> Redirect:
    """Keeps a redirect."""
    made = Redirect(number=call.state.new_number(), path=path, target=target)
    call.state.add(made)
    return made


@resolves("Mutation.urlRedirectCreate", access=NAVIGATION)
def create_redirect(_root: Any, call: Call, *, url_redirect: dict[str, Any]) -> dict[str, Any]:
    """An old path that leads to a new one."""
    path, target = url_redirect.get("path") or "", url_redirect.get("target") or ""
    message = None
    if not re.fullmatch(r"/\S+", path):
        message = "Path can't be blank" if not path else "Path is invalid"
    elif any(one.path == path for one in call.state.all("UrlRedirect")):
        message = "Path has already been taken"
    elif not target:
        return _refuse_redirect("target", "Target can't be blank")
    return _refuse_redirect("path", message) if message else {
        "urlRedirect": add_redirect(call, path, target), "userErrors": []
    }  # fmt: skip


def _refuse_redirect(name: str, message: str) -> dict[str, Any]:
    return {"urlRedirect": None, "userErrors": [user_error(["urlRedirect", name], message, "CREATE_FAILED")]}


@resolves("QueryRoot.urlRedirects", access=("read_online_store_navigation", "read_content"))
def redirects(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """All redirects."""
    return connection(call, call.state.view("UrlRedirect", "ID", by_id), arguments)
