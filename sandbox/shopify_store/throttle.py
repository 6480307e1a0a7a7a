"""Shopify's leaky bucket of query cost points, and an estimate of what a query costs.

The bucket is exact (recorded: 2000 points, 100 a second). The price of one query is an estimate: Shopify
documents one point an object and ten a mutation; how connections are priced by size it does not say, so their
price here is a curve through the recorded answers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
)

MUTATION_COST = 10
LARGEST_QUERY = 1000


@dataclass(slots=True, kw_only=True)
class Bucket:
    """What is left of an app's points at one shop."""

    clock: Callable[[], datetime]
    maximum: float = 2000
    restore_rate: float = 100
    available: float = field(init=False)
    checked_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """A bucket starts full."""
        self.available, self.checked_at = self.maximum, self.clock()

    def refill(self) -> None:
        """Adds what has flowed in since the last look; a clock that goes back adds nothing."""
        now = self.clock()
        elapsed = max(0.0, (now - self.checked_at).total_seconds())
        self.available = min(self.maximum, self.available + elapsed * self.restore_rate)
        self.checked_at = now

    def take(self, cost: float) -> bool:
        """Takes the points if they are there."""
        self.refill()
        if cost > self.available:
            return False
        self.available -= cost
        return True

    def give_back(self, points: float) -> None:
        """Returns what was asked for and not used."""
        self.available = min(self.maximum, self.available + points)

    def report(self, requested: int, actual: int | None) -> dict[str, Any]:
        """``extensions.cost`` of an answer."""
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": int(self.maximum),
                "currentlyAvailable": int(self.available),
                "restoreRate": int(self.restore_rate),
            },
        }


def page_cost(size: int) -> int:
    """What a page of ``size`` objects costs by itself: a curve through the recorded answers."""
    return 0 if size < 1 else round(2 + 1.2 * math.log2(size))


def requested_cost(
    selections: SelectionSetNode,
    fragments: dict[str, FragmentDefinitionNode],
    variables: dict[str, Any],
    *,
    mutation: bool = False,
) -> int:
    """The points that a query must find in the bucket before it runs."""
    total = 0
    for node in selections.selections:
        if isinstance(node, FieldNode):
            total += MUTATION_COST if mutation else _field_cost(node, fragments, variables)
        elif isinstance(node, InlineFragmentNode):
            total += requested_cost(node.selection_set, fragments, variables)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            total += requested_cost(fragments[node.name.value].selection_set, fragments, variables)
    return total


def _field_cost(
    node: FieldNode, fragments: dict[str, FragmentDefinitionNode], variables: dict[str, Any]
) -> int:
    if node.selection_set is None or node.name.value == "pageInfo":
        return 0
    inside = requested_cost(node.selection_set, fragments, variables)
    size = _page_size(node, variables)
    if size is not None:
        return page_cost(size) + 2 * inside
    return inside if node.name.value in ("nodes", "edges", "node") else 1 + inside


def _page_size(node: FieldNode, variables: dict[str, Any]) -> int | None:
    for argument in node.arguments or ():
        if argument.name.value in ("first", "last"):
            written = argument.value
            if isinstance(written, VariableNode):
                given = variables.get(written.name.value)
            else:
                given = getattr(written, "value", None)
            if given is not None and str(given).isdigit():
                return int(given)
    return None


def actual_cost(data: Any, requested: int) -> int:
    """The points that the answer was worth: objects that came, never more than was asked for."""
    return max(1, min(requested, _objects(data)))


def _objects(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_objects(inner) for inner in value.values()) + (
            "nodes" not in value and "edges" not in value
        )
    return sum(_objects(inner) for inner in value) if isinstance(value, list) else 0
