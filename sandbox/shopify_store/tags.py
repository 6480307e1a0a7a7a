"""Tags of products, orders and buyers."""

from typing import Any

from sandbox.shopify_store.records import Customer, Order, Product
from sandbox.shopify_store.registry import Call, check_access, resolves, user_error

WRITES = {"Product": ("write_products",), "Order": ("write_orders",), "Customer": ("write_customers",)}
LONGEST_TAG = 255
MOST_TAGS = 250


@resolves("Mutation.tagsAdd")
def add(_root: Any, call: Call, *, global_id: str, tags: list[str]) -> dict[str, Any]:
    """Adds tags; one that differs only in case is the same tag."""
    return _change(call, "tagsAdd", global_id, tags, _with)


@resolves("Mutation.tagsRemove")
def remove(_root: Any, call: Call, *, global_id: str, tags: list[str]) -> dict[str, Any]:
    """Removes tags; one that is not there is no error."""
    return _change(call, "tagsRemove", global_id, tags, _without)


def _change(call: Call, name: str, global_id: str, tags: list[str], change: Any) -> dict[str, Any]:
    owner = call.state.find(global_id)
    if not isinstance(owner, Product | Order | Customer):
        return {"node": None, "userErrors": [user_error(["id"], f"{_kind(global_id)} does not exist")]}
    check_access(call, name, WRITES[owner.kind])
    given = [tag.strip() for entry in tags for tag in entry.split(",") if tag.strip()]
    if any(len(tag) > LONGEST_TAG for tag in given):
        message = f"Tag exceeds the maximum length of {LONGEST_TAG} characters"
        return {"node": None, "userErrors": [user_error(["tags"], message)]}
    changed = change(owner.tags, given)
    if len(changed) > MOST_TAGS:
        return {"node": None, "userErrors": [user_error(["tags"], f"Can't have more than {MOST_TAGS} tags")]}
    if changed != owner.tags:
        owner.tags = changed
        if not isinstance(owner, Customer):
            call.touched.append(owner)
        call.state.touch()
    return {"node": owner, "userErrors": []}


def _kind(global_id: str) -> str:
    return global_id.removeprefix("gid://shopify/").partition("/")[0]


def _with(have: list[str], given: list[str]) -> list[str]:
    known = {tag.lower() for tag in have}
    added = {tag.lower(): tag for tag in given if tag.lower() not in known}
    return sorted([*have, *added.values()], key=str.lower)


def _without(have: list[str], given: list[str]) -> list[str]:
    gone = {tag.lower() for tag in given}
    return [tag for tag in have if tag.lower() not in gone]
