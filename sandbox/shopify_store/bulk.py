"""Bulk operations: a query becomes a JSONL file, an uploaded JSONL file becomes many mutations."""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    IntValueNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
    Visitor,
    parse,
    visit,
)

from sandbox.shopify_store import payloads, schema
from sandbox.shopify_store.connections import by_id, connection
from sandbox.shopify_store.records import BulkOperation
from sandbox.shopify_store.registry import Call, resolves, user_error

MOST_RUNNING = 5
MOST_CONNECTIONS = 5
DEEPEST = 2
PAGE = 250
PAGING = ("first", "last", "after", "before")
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


def _is_connection(node: FieldNode) -> bool:
    inside = node.selection_set.selections if node.selection_set else ()
    return any(isinstance(one, FieldNode) and one.name.value in ("edges", "nodes") for one in inside)


def _connections(document: DocumentNode) -> tuple[int, int]:
    """The deepest nesting and the number of connections in a query."""
    found = {"depth": 0, "deepest": 0, "number": 0}

    class Count(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            if _is_connection(node):
                found["number"] += 1
                found["depth"] += 1
                found["deepest"] = max(found["deepest"], found["depth"])

        def leave_field(self, node: FieldNode, *_: Any) -> None:
            found["depth"] -= _is_connection(node)

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


# --- running


type Acting = Callable[[], Any]


def run(record: BulkOperation, acting: Acting, folder: Path) -> None:
    """Runs one operation page by page, so that other calls get their turn between pages."""
    record.path = str(folder / f"{record.token}.jsonl")
    rows = _answers(record, acting) if record.type == "MUTATION" else _rows(record, acting)
    with Path(record.path).open("w", encoding="utf-8") as file:
        for row, is_root in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            record.object_count += 1
            record.root_object_count += is_root
    with acting() as call:
        if record.status == "RUNNING":
            record.status = "COMPLETED"
        record.file_size, record.completed_at = Path(record.path).stat().st_size, call.now()
        call.state.touch()
        call.post("bulk_operations/finish", payloads.bulk_operation(call.state, record))


def _answers(record: BulkOperation, acting: Acting) -> Iterator[tuple[dict[str, Any], bool]]:
    document = parse(record.query)
    for number, line in enumerate(record.variables):
        with acting() as call:
            data, errors = schema.run(document, call, json.loads(line), None)
        problems = {"errors": errors} if errors else {}
        yield {"data": data, **problems, "__lineNumber": number}, True


def _rows(record: BulkOperation, acting: Acting) -> Iterator[tuple[dict[str, Any], bool]]:
    operation = next(d for d in parse(record.query).definitions if isinstance(d, OperationDefinitionNode))
    for field in operation.selection_set.selections:
        if isinstance(field, FieldNode):
            yield from _field_rows(record, field, acting)


def _field_rows(
    record: BulkOperation, field: FieldNode, acting: Acting
) -> Iterator[tuple[dict[str, Any], bool]]:
    name = (field.alias or field.name).value
    after: str | None = None
    while record.status == "RUNNING":
        with acting() as call:
            call.bulk = True
            data, errors = schema.run(_page_of(field, after), call, None, None)
        if errors or data is None:
            record.status, record.error_code = "FAILED", _code(errors)
            return
        yield from _flat(data[name], None)
        page = data[name]["__page"]
        if not page["hasNextPage"]:
            return
        after = page["endCursor"]


def _code(errors: list[dict[str, Any]]) -> str:
    denied = any(error.get("extensions", {}).get("code") == "ACCESS_DENIED" for error in errors)
    return "ACCESS_DENIED" if denied else "INTERNAL_SERVER_ERROR"


class _Unpaged(Visitor):
    """Inner connections give everything; nodes that have children say who they are."""

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode:
        """Rewrites one field."""
        kept = tuple(one for one in node.arguments or () if one.name.value not in PAGING)
        selections = node.selection_set
        inside = selections.selections if selections else ()
        if node.name.value in ("node", "nodes") and any(
            isinstance(one, FieldNode) and _is_connection(one) for one in inside
        ):
            myself = FieldNode(
                name=NameNode(value="id"), alias=NameNode(value="__id"), arguments=(), directives=()
            )
            selections = SelectionSetNode(selections=(*inside, myself))
        return FieldNode(
            name=node.name,
            alias=node.alias,
            arguments=kept,
            directives=node.directives,
            selection_set=selections,
        )


def _page_of(field: FieldNode, after: str | None) -> DocumentNode:
    rewritten: FieldNode = visit(field, _Unpaged())
    page = FieldNode(
        name=NameNode(value="pageInfo"),
        alias=NameNode(value="__page"),
        arguments=(),
        directives=(),
        selection_set=SelectionSetNode(
            selections=tuple(
                FieldNode(name=NameNode(value=name), arguments=(), directives=())
                for name in ("hasNextPage", "endCursor")
            )
        ),
    )
    paging = [ArgumentNode(name=NameNode(value="first"), value=IntValueNode(value=str(PAGE)))]
    if after:
        paging.append(ArgumentNode(name=NameNode(value="after"), value=StringValueNode(value=after)))
    inside = rewritten.selection_set.selections if rewritten.selection_set else ()
    root = FieldNode(
        name=rewritten.name,
        alias=rewritten.alias,
        arguments=(*(rewritten.arguments or ()), *paging),
        directives=(),
        selection_set=SelectionSetNode(selections=(*inside, page)),
    )
    operation = OperationDefinitionNode(
        operation=OperationType.QUERY,
        variable_definitions=(),
        directives=(),
        selection_set=SelectionSetNode(selections=(root,)),
    )
    return DocumentNode(definitions=(operation,))


def _flat(found: dict[str, Any], parent: str | None) -> Iterator[tuple[dict[str, Any], bool]]:
    nodes = found.get("nodes")
    for node in nodes if nodes is not None else [edge["node"] for edge in found["edges"]]:
        children = {key: value for key, value in node.items() if _is_page(value)}
        identity = node.get("__id") or node.get("id")
        row = {key: value for key, value in node.items() if key not in children and key != "__id"}
        yield (row if parent is None else {**row, "__parentId": parent}), parent is None
        for child in children.values():
            yield from _flat(child, identity)


def _is_page(value: Any) -> bool:
    return isinstance(value, dict) and ("nodes" in value or "edges" in value)
