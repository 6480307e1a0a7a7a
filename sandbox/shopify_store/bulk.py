"""Bulk operations: a query becomes a JSONL file, an uploaded JSONL file becomes many mutations."""

import secrets
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    Visitor,
    visit,
)

from sandbox.shopify_store import schema
from sandbox.shopify_store.connections import by_id, connection
from sandbox.shopify_store.records import BulkOperation
from sandbox.shopify_store.registry import Call, resolves, user_error

MOST_RUNNING = 5
MOST_CONNECTIONS = 5
DEEPEST = 2
RUNNING = ("CREATED", "RUNNING")


@resolves("Mutation.bulkOperationRunQuery")
def start_query(_root: Any, call: Call, *, query: str, group_objects: bool = False) -> dict[str, Any]:
    """Accepts a query for the background; it runs when the store gets to it."""
    error = _check_running(call, "QUERY") or _check_query(query)
    if error:
        return {"bulkOperation": None, "userErrors": [error]}
    made = _new(call, "QUERY", query)
    made.groups = group_objects
    return {"bulkOperation": made, "userErrors": []}


@resolves("Mutation.bulkOperationRunMutation")
def start_mutation(
    _root: Any,
    call: Call,
    *,
    mutation: str,
    staged_upload_path: str,
    client_identifier: str | None = None,
    group_objects: bool = True,
) -> dict[str, Any]:
    """Accepts one mutation for every line of an uploaded file."""
    lines = call.uploads.get(staged_upload_path)
    error = _check_running(call, "MUTATION")
    if lines is None:
        message = "The JSONL file could not be found. Try uploading the file again."
        error = user_error(["stagedUploadPath"], message, "NO_SUCH_FILE")
    document, problems = schema.read(mutation)
    if document is None or problems:
        error = user_error(["mutation"], str(problems[0]["message"]), "INVALID_MUTATION")
    if error:
        return {"bulkOperation": None, "userErrors": [error]}
    made = _new(call, "MUTATION", mutation)
    made.client_identifier = client_identifier
    made.variables = tuple(line for line in (lines or b"").decode().splitlines() if line.strip())
    return {"bulkOperation": made, "userErrors": []}


def _new(call: Call, kind: str, query: str) -> BulkOperation:
    made = BulkOperation(
        number=call.state.new_number(),
        type=kind,
        query=query,
        created_at=call.now(),
        token=secrets.token_urlsafe(24),
    )
    call.state.add(made)
    return made


def _check_running(call: Call, kind: str) -> dict[str, Any] | None:
    busy = [one for one in call.state.all("BulkOperation") if one.type == kind and one.status in RUNNING]
    if len(busy) < MOST_RUNNING:
        return None
    message = f"The maximum of {MOST_RUNNING} concurrent bulk {kind.lower()} operations has been reached."
    return user_error(None, message, "LIMIT_REACHED")


def _check_query(text: str) -> dict[str, Any] | None:
    document, problems = schema.read(text)
    if document is None or problems:
        return user_error(["query"], f"Invalid bulk query: {problems[0]['message']}", "INVALID")
    depth, number = _connections(document)
    if number == 0:
        return user_error(["query"], "Bulk queries must contain at least one connection.", "INVALID")
    if number > MOST_CONNECTIONS:
        message = f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections."
        return user_error(["query"], message, "INVALID")
    if depth > DEEPEST:
        message = f"Bulk queries cannot contain connections with a nesting depth greater than {DEEPEST}."
        return user_error(["query"], message, "INVALID")
    return None


def is_connection(node: FieldNode) -> bool:
    """Whether a field is paged over: it asks for edges or nodes."""
    inside = node.selection_set.selections if node.selection_set else ()
    return any(isinstance(one, FieldNode) and one.name.value in ("edges", "nodes") for one in inside)


def _connections(document: DocumentNode) -> tuple[int, int]:
    """The deepest nesting and the number of connections in a query."""
    found = {"depth": 0, "deepest": 0, "number": 0}

    class Count(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            if is_connection(node):
                found["number"] += 1
                found["depth"] += 1
                found["deepest"] = max(found["deepest"], found["depth"])

        def leave_field(self, node: FieldNode, *_: Any) -> None:
            found["depth"] -= is_connection(node)

    visit(document, Count())
    return found["deepest"], found["number"]


@resolves("Mutation.bulkOperationCancel")
def cancel(_root: Any, call: Call, *, global_id: str) -> dict[str, Any]:
    """Stops an operation that has not finished."""
    held = call.state.find(global_id)
    if not isinstance(held, BulkOperation):
        return {"bulkOperation": None, "userErrors": [user_error(["id"], "Bulk operation does not exist")]}
    if held.status not in RUNNING:
        message = f"A bulk operation cannot be canceled when it is {held.status.lower()}"
        return {"bulkOperation": held, "userErrors": [user_error(["id"], message)]}
    held.status, held.completed_at = "CANCELED", call.now()
    return {"bulkOperation": held, "userErrors": []}


@resolves("QueryRoot.bulkOperation")
def one(_root: Any, call: Call, *, global_id: str) -> BulkOperation | None:
    """One operation."""
    held = call.state.find(global_id)
    return held if isinstance(held, BulkOperation) else None


@resolves("QueryRoot.currentBulkOperation")
def current(_root: Any, call: Call, *, type: str = "QUERY") -> BulkOperation | None:  # noqa: A002
    """The latest operation of a type."""
    held = [one for one in call.state.all("BulkOperation") if one.type == type]
    return held[-1] if held else None


@resolves("QueryRoot.bulkOperations")
def listing(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """All operations."""
    return connection(call, call.state.view("BulkOperation", "ID", by_id), arguments)


@resolves("BulkOperation.url")
def result_url(record: BulkOperation, call: Call) -> str | None:
    """Where the result file is; null while there is none, and where nothing was found."""
    finished = record.status == "COMPLETED" and record.object_count > 0
    return f"{call.base_url}/bulk/{record.token}.jsonl" if finished else None


resolves("BulkOperation.partialDataUrl")(lambda _b, _c: None)


@resolves("Mutation.stagedUploadsCreate")
def stage(_root: Any, call: Call, *, input: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: A002
    """Places to upload files to; the sandbox takes files for bulk mutations."""
    targets = []
    for index, wanted in enumerate(input):
        if wanted["resource"] != "BULK_MUTATION_VARIABLES":
            message = f"The sandbox stores no {wanted['resource'].lower()} files"
            error = user_error(["input", str(index), "resource"], message)
            return {"stagedTargets": None, "userErrors": [error]}
        key = f"tmp/{call.state.number}/bulk/{secrets.token_hex(16)}/{wanted['filename']}"
        url = f"{call.base_url}/uploads"
        parameters = [{"name": "key", "value": key}, {"name": "Content-Type", "value": wanted["mimeType"]}]
        targets.append({"url": url, "resourceUrl": None, "parameters": parameters})
    return {"stagedTargets": targets, "userErrors": []}
