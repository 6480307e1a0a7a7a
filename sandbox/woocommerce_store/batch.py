"""``POST <resource>/batch``: create, update and delete up to 100 things, each with its own verdict."""

from collections.abc import Callable
from typing import Any

from sandbox.woocommerce_store.rest_errors import RestError

LIMIT = 100
Verb = Callable[[dict[str, Any]], dict[str, Any]]


def run(body: dict[str, Any], create: Verb, update: Verb, delete: Verb) -> dict[str, Any]:
    """Do the batch; over 100 items in all is refused whole with 413."""
    lists = {name: body.get(name) or [] for name in ("create", "update", "delete")}
    for name, items in lists.items():
        if not isinstance(items, list):
            raise RestError("rest_invalid_param", f"Invalid parameter(s): {name}", 400)
    if sum(len(items) for items in lists.values()) > LIMIT:
        message = f"Unable to accept more than {LIMIT} items for this request."
        raise RestError("woocommerce_rest_request_entity_too_large", message, 413)
    verbs = {"create": create, "update": update, "delete": delete}
    return {
        name: [_one(verbs[name], item if isinstance(item, dict) else {"id": item}) for item in items]
        for name, items in lists.items()
        if items
    }


def _one(verb: Verb, item: dict[str, Any]) -> dict[str, Any]:
    try:
        return verb(item)
    except RestError as fault:
        error = {"code": fault.code, "message": fault.message, "data": {"status": fault.status, **fault.data}}
        return {"id": item.get("id", 0), "error": error}
