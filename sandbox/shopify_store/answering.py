"""One call to the Admin API: parse, validate, pay, run, report."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import FragmentDefinitionNode, OperationType

from sandbox.shopify_store import schema
from sandbox.shopify_store.points import Price
from sandbox.shopify_store.throttle import LARGEST_QUERY

if TYPE_CHECKING:
    from sandbox.shopify_store.store import ShopifyStore

LARGEST_INPUT = 250


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: dict[str, Any]


@dataclass(slots=True)
class Counters:
    """How often the app called, by the kind of answer it got."""

    calls: int = 0
    mutations: int = 0
    throttled: int = 0
    unauthorized: int = 0
    operations: dict[str, int] = field(default_factory=dict)
    points: int = 0
    """What all answers were worth: what a long run waits for."""
    dearest: int = 0
    """The most that one query asked for."""


def answer(
    store: "ShopifyStore", request: dict[str, Any], scopes: frozenset[str], *, online: bool = False
) -> dict[str, Any]:
    """The JSON body of one call; the caller holds the store's lock."""
    store.counters.calls += 1
    document, errors = schema.read(str(request.get("query") or ""))
    if errors or document is None:
        return {"errors": errors}
    operation = schema.operation_of(document, request.get("operationName"))
    if operation is None:
        error = {"message": "An operation name is required", "extensions": {"code": "BAD_REQUEST"}}
        return {"errors": [error]}
    variables = request.get("variables") or {}
    mutation = operation.operation is OperationType.MUTATION
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    price = Price(schema.load(), fragments, variables)
    cost = price.requested(operation)
    refusal = _check_input(variables) or _check_cost(store, cost)
    if refusal:
        return refusal
    name = operation.name.value if operation.name else ""
    store.counters.operations[name] = store.counters.operations.get(name, 0) + 1
    store.counters.mutations += mutation
    with store.acting(scopes, online=online) as call:
        data, problems = schema.run(document, call, variables, request.get("operationName"))
    if data is None and any(_code(problem) == "INVALID_VARIABLE" for problem in problems):
        return {"errors": problems}
    actual = price.actual(operation, data, cost)
    store.bucket.give_back(cost - actual)
    store.counters.points += actual
    store.counters.dearest = max(store.counters.dearest, cost)
    extensions = {"cost": store.bucket.report(cost, actual)}
    return {**({"errors": problems} if problems else {}), "data": data, "extensions": extensions}


def _code(problem: dict[str, Any]) -> Any:
    return problem.get("extensions", {}).get("code")


def _check_input(variables: dict[str, Any]) -> dict[str, Any] | None:
    for value in variables.values():
        if isinstance(value, list) and len(value) > LARGEST_INPUT:
            message = f"The input array size of {len(value)} is greater than the maximum allowed of"
            message = f"{message} {LARGEST_INPUT}."
            return {"errors": [{"message": message, "extensions": {"code": "MAX_INPUT_SIZE_EXCEEDED"}}]}
    return None


def _check_cost(store: "ShopifyStore", cost: int) -> dict[str, Any] | None:
    if cost > LARGEST_QUERY:
        message = f"Query cost is {cost}, which exceeds the single query max cost limit ({LARGEST_QUERY})."
        return {"errors": [{"message": message, "extensions": {"code": "MAX_COST_EXCEEDED", "cost": cost}}]}
    return None if store.bucket.take(cost) else throttled(store, cost)


def throttled(store: "ShopifyStore", cost: int = 10) -> dict[str, Any]:
    """The answer of an empty bucket."""
    store.counters.throttled += 1
    docs = "https://shopify.dev/api/usage/rate-limits"
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": docs}}
    return {"errors": [error], "extensions": {"cost": store.bucket.report(cost, None)}}
