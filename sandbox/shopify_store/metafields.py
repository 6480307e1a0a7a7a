"""Metafields: read, set with compare-and-set, delete; wording and codes as far as recorded."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.shopify_store.connections import connection
from sandbox.shopify_store.records import Metafield, Order, Product, Variant
from sandbox.shopify_store.registry import Call, check_access, resolves, user_error
from sandbox.shopify_store.scalars import parse_id

LIMIT = 25
LONGEST_VALUE = 10_000_000
LIST_LIMIT = 128
OWNER_TYPES = {"Product": "PRODUCT", "ProductVariant": "PRODUCTVARIANT", "Order": "ORDER"}
WRITES = {
    "Product": ("write_products",),
    "ProductVariant": ("write_products",),
    "Order": ("write_orders",),
}
STALE = "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value."
RECOMMENDATIONS = "shopify--discovery--product_recommendation"
# Standard definitions: these keys have one type, whoever writes them.
DEFINED = {
    (RECOMMENDATIONS, "related_products"): "list.product_reference",
    (RECOMMENDATIONS, "complementary_products"): "list.product_reference",
    (RECOMMENDATIONS, "related_products_display"): "single_line_text_field",
}
REFERENCES = {
    "product_reference": "Product",
    "variant_reference": "ProductVariant",
    "order_reference": "Order",
}
SCALARS: dict[str, Callable[[str], bool]] = {
    "single_line_text_field": lambda v: "\n" not in v,
    "multi_line_text_field": lambda v: True,
    "number_integer": lambda v: v.lstrip("-").isdigit(),
    "number_decimal": lambda v: v.lstrip("-").replace(".", "", 1).isdigit(),
    "boolean": lambda v: v in ("true", "false"),
    "json": lambda v: _is_json(v),
    "url": lambda v: v.startswith(("http://", "https://", "mailto:", "sms:", "tel:")),
    "date": lambda v: len(v) == 10 and v[4] == v[7] == "-",
    "date_time": lambda v: "T" in v,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """One entry of a metafieldsSet call, ready to be written."""

    owner: Any
    namespace: str
    key: str
    type: str
    value: str


def namespace_of(call: Call, given: str | None) -> str:
    """``$app`` and nothing at all both mean the app's own reserved namespace (recorded: app--<id>)."""
    own = f"app--{call.app_id}"
    if given is None or given == "$app":
        return own
    return f"{own}--{given.removeprefix('$app:')}" if given.startswith("$app:") else given


@resolves("Product.metafield", "ProductVariant.metafield", "Order.metafield")
def metafield(record: Any, call: Call, *, key: str, namespace: str | None = None) -> Metafield | None:
    """One value by namespace and key; Shopify also takes ``namespace.key`` as the key alone."""
    if namespace is None and "." in key:
        namespace, key = key.split(".", 1)
    return record.metafields.get((namespace_of(call, namespace), key))  # type: ignore[no-any-return]


@resolves("Product.metafields", "ProductVariant.metafields", "Order.metafields")
def metafields(
    record: Any, call: Call, *, namespace: str | None = None, keys: list[str] | None = None, **paging: Any
) -> dict[str, Any]:
    """All values of an owner, by namespace or by ``namespace.key``."""
    wanted = namespace_of(call, namespace) if namespace else None
    rows = [one for (space, _), one in record.metafields.items() if wanted in (None, space)]
    if keys is not None:
        rows = [one for one in rows if f"{one.namespace}.{one.key}" in keys]
    return connection(call, sorted(rows, key=lambda one: one.number), paging)


@resolves("Metafield.compareDigest")
def digest_of(value: Metafield, _call: Call) -> str:
    """The fingerprint that a compare-and-set names: it changes with the value and with nothing else."""
    return hashlib.sha256(f"{value.owner_id}\n{value.type}\n{value.value}".encode()).hexdigest()


@resolves("Metafield.jsonValue")
def json_value(value: Metafield, _call: Call) -> Any:
    """The value as JSON: parsed where its type is a list, a number, a truth value or JSON itself."""
    structured = value.type.startswith(("list.", "number_integer")) or value.type in ("json", "boolean")
    return json.loads(value.value) if structured else value.value


resolves("Metafield.owner")(lambda m, c: c.state.find(m.owner_id))


@resolves("Metafield.ownerType")
def owner_type(value: Metafield, call: Call) -> str:
    """Which kind of object holds it."""
    owner = call.state.find(value.owner_id)
    return OWNER_TYPES[owner.kind] if owner else "PRODUCT"


@resolves("Mutation.metafieldsSet")
def set_metafields(_root: Any, call: Call, *, metafields: list[dict[str, Any]]) -> dict[str, Any]:
    """All values or none: one wrong entry keeps the others from being written."""
    if len(metafields) > LIMIT:
        message = f"Exceeded the maximum metafields input limit of {LIMIT}."
        return {
            "metafields": None,
            "userErrors": [user_error(["metafields"], message, "LESS_THAN_OR_EQUAL_TO")],
        }
    checked = [_check(call, index, entry) for index, entry in enumerate(metafields)]
    errors = [result for result in checked if isinstance(result, dict)]
    if errors:
        return {"metafields": [], "userErrors": errors}
    written = [write(call, wish) for wish in checked if isinstance(wish, Wish)]
    return {"metafields": written, "userErrors": []}


def _check(call: Call, index: int, entry: dict[str, Any]) -> Wish | dict[str, Any]:
    path = ["metafields", str(index)]
    owner = call.state.find(parse_id(entry["ownerId"]))
    if not isinstance(owner, Product | Variant | Order):
        return user_error([*path, "ownerId"], "Owner does not exist.", "INVALID")
    check_access(call, "metafieldsSet", WRITES[owner.kind])
    namespace = namespace_of(call, entry.get("namespace"))
    held = owner.metafields.get((namespace, entry["key"]))
    if "compareDigest" in entry and _stale(held, entry["compareDigest"], call):
        return user_error(path, STALE, "STALE_OBJECT")
    kind = entry.get("type") or (held.type if held else DEFINED.get((namespace, entry["key"])))
    error = _check_names(path, namespace, entry["key"]) or _check_type(
        path, namespace, entry["key"], kind, held
    )
    if error or kind is None:
        return error or user_error([*path, "type"], "Type can't be blank", "BLANK")
    return _check_value(call, path, kind, entry["value"]) or Wish(
        owner, namespace, entry["key"], kind, entry["value"]
    )


def _stale(held: Metafield | None, wanted: str | None, call: Call) -> bool:
    return wanted != (digest_of(held, call) if held else None)


def _check_names(path: list[str], namespace: str, key: str) -> dict[str, Any] | None:
    for name, text, low, high in (("namespace", namespace, 3, 255), ("key", key, 2, 64)):
        if len(text) < low:
            message = f"{name.title()} is too short (minimum is {low} characters)"
            return user_error([*path, name], message, "TOO_SHORT")
        if len(text) > high:
            message = f"{name.title()} is too long (maximum is {high} characters)"
            return user_error([*path, name], message, "TOO_LONG")
    return None


def _check_type(
    path: list[str], namespace: str, key: str, kind: str | None, held: Metafield | None
) -> dict[str, Any] | None:
    if kind is None:
        return None
    defined = DEFINED.get((namespace, key))
    if defined and kind != defined:
        message = f"Type '{kind}' must be consistent with the definition's type: '{defined}'."
        return user_error([*path, "type"], message, "INVALID_TYPE")
    if kind.removeprefix("list.") not in SCALARS and kind.removeprefix("list.") not in REFERENCES:
        return user_error(
            [*path, "type"], f"Type must be one of the following: {', '.join(SCALARS)}.", "INCLUSION"
        )
    if held and held.type != kind:
        return user_error([*path, "type"], "Type can't be changed", "INVALID_TYPE")
    return None


def _check_value(call: Call, path: list[str], kind: str, value: str) -> dict[str, Any] | None:
    path = [*path, "value"]
    if not value:
        return user_error(path, "Value can't be blank", "BLANK")
    if len(value) > LONGEST_VALUE:
        return user_error(path, f"Value is too long (maximum is {LONGEST_VALUE} characters)", "TOO_LONG")
    if not kind.startswith("list."):
        return (
            None
            if _holds(call, kind, value)
            else user_error(path, f"Value is not a valid {kind}.", "INVALID_VALUE")
        )
    try:
        entries = json.loads(value)
    except ValueError:
        return user_error(
            path, f"Value is invalid JSON: unexpected token at '{value[:40]}'.", "INVALID_VALUE"
        )
    if not isinstance(entries, list) or not all(isinstance(one, str) for one in entries):
        return user_error(path, "Value must be an array.", "INVALID_VALUE")
    if len(entries) > LIST_LIMIT:
        return user_error(path, f"Value exceeds the maximum of {LIST_LIMIT} items.", "INVALID_VALUE")
    if all(_holds(call, kind.removeprefix("list."), one) for one in entries):
        return None
    return user_error(path, "Value require that you select existing references.", "INVALID_VALUE")


def _holds(call: Call, kind: str, value: str) -> bool:
    if kind in REFERENCES:
        found = call.state.find(value)
        return found is not None and found.kind == REFERENCES[kind]
    return SCALARS[kind](value)


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def write(call: Call, wish: Wish) -> Metafield:
    """Keeps one checked value; the same value again changes no digest but counts as an edit of its owner."""
    now = call.now()
    held = wish.owner.metafields.get((wish.namespace, wish.key))
    if held is None:
        held = Metafield(
            number=call.state.new_number(),
            owner_id=_owner_id(wish.owner),
            namespace=wish.namespace,
            key=wish.key,
            type=wish.type,
            value=wish.value,
            created_at=now,
            updated_at=now,
        )
        wish.owner.metafields[wish.namespace, wish.key] = held
        call.state.add(held)
    held.value, held.updated_at = wish.value, now
    call.touched.append(wish.owner)
    return held  # type: ignore[no-any-return]


def _owner_id(owner: Any) -> str:
    return f"gid://shopify/{owner.kind}/{owner.number}"


@resolves("Mutation.metafieldsDelete")
def delete_metafields(_root: Any, call: Call, *, metafields: list[dict[str, Any]]) -> dict[str, Any]:
    """Removes values; one that is not there is answered with null in its place, not with an error."""
    deleted: list[dict[str, Any] | None] = []
    for index, entry in enumerate(metafields):
        owner = call.state.find(parse_id(entry["ownerId"]))
        if not isinstance(owner, Product | Variant | Order):
            error = user_error(["metafields", str(index), "ownerId"], "Owner does not exist.")
            return {"deletedMetafields": None, "userErrors": [error]}
        check_access(call, "metafieldsDelete", WRITES[owner.kind])
        deleted.append(_delete(call, owner, namespace_of(call, entry["namespace"]), entry["key"]))
    return {"deletedMetafields": deleted, "userErrors": []}


def _delete(call: Call, owner: Any, namespace: str, key: str) -> dict[str, Any] | None:
    held = owner.metafields.pop((namespace, key), None)
    if held is None:
        return None
    call.state.remove(held)
    call.touched.append(owner)
    return {"ownerId": held.owner_id, "namespace": namespace, "key": key}
