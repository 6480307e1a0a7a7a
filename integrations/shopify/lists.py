"""Recommendations on Shopify: the two standard metafields that themes and Search & Discovery read.

metafieldsSet takes 25 at a time, all or none, each with the digest of what it replaces (null: nothing may be
there). Source: Admin API 2026-10, metafieldsSet and the standard metafield definitions.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.contracts import Receipt
from chalicelib.domain.actions import SetRecommendations, Slot, Snapshot
from chalicelib.domain.ids import Target
from chalicelib.errors import AppError, StaleState
from integrations.shopify import mapping
from integrations.shopify.answers import Metafield
from integrations.shopify.changes import Todo, attempt, wanted
from integrations.shopify.connection import Connection, meaning, nodes, parsed, part, user_errors

NAMESPACE = "shopify--discovery--product_recommendation"
KEYS = {Slot.COMPLEMENTARY: "complementary_products", Slot.RELATED: "related_products"}
TYPE = "list.product_reference"
MOST = 25
"""Metafields per call."""
_READ = 50


def read(connection: Connection, actions: Sequence[SetRecommendations]) -> Mapping[Target, Snapshot]:
    """Both lists of fifty products a call."""
    ids = list(dict.fromkeys(mapping.gid("Product", a.product_id) for a in actions))
    found: dict[str, Any] = {}
    for start in range(0, len(ids), _READ):
        data = connection.run("RecommendationsOf", ids=ids[start : start + _READ])
        found |= {node["id"]: node for node in nodes(data) if "id" in node}
    return {
        action.target: _snapshot(found[owner].get(str(action.slot)))
        for action in actions
        if (owner := mapping.gid("Product", action.product_id)) in found
    }


def write(connection: Connection, todos: Sequence[Todo[SetRecommendations]]) -> dict[int, Receipt | AppError]:
    """Write lists; where one of a call is refused, each is tried alone, so that the others are not lost."""
    answers: dict[int, Receipt | AppError] = {}
    filled = [todo for todo in todos if wanted(todo.action, "")]
    for todo in todos:
        if todo not in filled:
            answers[todo.place] = attempt(_remove, connection, todo)
    for start in range(0, len(filled), MOST):
        group = filled[start : start + MOST]
        together = attempt(_set, connection, group)
        if isinstance(together, AppError):
            answers |= {todo.place: together for todo in group}
        elif together is not None:
            answers |= together
        else:
            answers |= {todo.place: attempt(_alone, connection, todo) for todo in group}
    return answers


def put_back(connection: Connection, todo: Todo[SetRecommendations], before: Snapshot) -> Receipt:
    """Restore one list, or its absence."""
    held = tuple(before.value) if isinstance(before.value, tuple | list) else ()
    earlier = SetRecommendations(
        product_id=todo.action.product_id,
        slot=todo.action.slot,
        product_ids=held,  # type: ignore[arg-type]
    )
    again = Todo(todo.place, earlier, todo.now)
    if not held:
        return _remove(connection, again)
    return _alone(connection, again)


def _set(connection: Connection, group: Sequence[Todo[SetRecommendations]]) -> dict[int, Receipt | AppError] | None:
    """One call for all; None when Shopify refused it, which it does as a whole."""
    payload = part(connection.run("SetRecommendations", metafields=[_input(todo) for todo in group]), "metafieldsSet")
    if user_errors(payload):
        return None
    rows = payload.get("metafields") or []
    written = {(row["owner"]["id"], row["key"]): row for row in rows if isinstance(row.get("owner"), dict)}
    return {todo.place: Receipt(after=_snapshot(written.get(_place(todo.action)))) for todo in group}


def _alone(connection: Connection, todo: Todo[SetRecommendations]) -> Receipt:
    """One list by itself; a stale digest may be our own earlier write whose answer was lost."""
    payload = part(connection.run("SetRecommendations", metafields=[_input(todo)]), "metafieldsSet")
    errors = user_errors(payload)
    if not errors:
        rows = payload.get("metafields") or [None]
        return Receipt(after=_snapshot(rows[0]))
    error = meaning(errors[0])
    if isinstance(error, StaleState):
        now = read(connection, [todo.action]).get(todo.action.target)
        if now is not None and now.value == wanted(todo.action, ""):
            return Receipt(after=now, wrote=False)
    raise error


def _remove(connection: Connection, todo: Todo[SetRecommendations]) -> Receipt:
    """Take a list away altogether."""
    owner, key = _place(todo.action)
    identifier = {"ownerId": owner, "namespace": NAMESPACE, "key": key}
    connection.change("RemoveRecommendations", "metafieldsDelete", metafields=[identifier])
    return Receipt(after=_snapshot(None))


def _input(todo: Todo[SetRecommendations]) -> dict[str, Any]:
    owner, key = _place(todo.action)
    ids = [mapping.gid("Product", one) for one in wanted(todo.action, "") or ()]  # type: ignore[union-attr]
    return {
        "ownerId": owner,
        "namespace": NAMESPACE,
        "key": key,
        "type": TYPE,
        "value": json.dumps(ids),
        "compareDigest": todo.now.version or None,
    }


def _place(action: SetRecommendations) -> tuple[str, str]:
    return mapping.gid("Product", action.product_id), KEYS[action.slot]


def _snapshot(found: Any) -> Snapshot:
    held = parsed(Metafield, found) if found else Metafield()
    return Snapshot(value=mapping.reference_list(held.value) or None, version=held.digest, read_at=datetime.now(UTC))
