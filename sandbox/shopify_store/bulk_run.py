"""Bulk operations at work: pages of a query flattened to lines, lines of an upload turned into mutations."""

import json
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
from sandbox.shopify_store.bulk import is_connection
from sandbox.shopify_store.records import BulkOperation

PAGE = 250
PAGING = ("first", "last", "after", "before")

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
            isinstance(one, FieldNode) and is_connection(one) for one in inside
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
