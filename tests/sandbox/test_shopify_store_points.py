"""What queries cost: the points that a real store was seen to ask for, and what it refuses to run at all."""

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from integrations.shopify import operations
from integrations.shopify.texts import PART, SPOTS, at_once
from sandbox.shopify_store import ShopifyStore, samples, schema
from sandbox.shopify_store.points import Price, page
from sandbox.shopify_store.records import gid
from sandbox.shopify_store.throttle import LARGEST_QUERY

SAID = 'resourceId translatableContent { key value } translations(locale: "fr") { key market { id } }'
BY_IDS = "query T($ids: [ID!]!) {{ translatableResourcesByIds(first: {}, resourceIds: $ids) {{ nodes {{ {} }} }} }}"
EXPORTED = "Exported"
"""Operations of this name run as an export, which costs no points."""


@pytest.fixture
def store() -> ShopifyStore:
    return ShopifyStore(samples.seed(), clock=lambda: datetime.now(UTC))


def price(text: str, **variables: Any) -> int:
    definitions = parse(text).definitions
    fragments = {d.name.value: d for d in definitions if isinstance(d, FragmentDefinitionNode)}
    (operation,) = [d for d in definitions if isinstance(d, OperationDefinitionNode)]
    return Price(schema.load(), fragments, variables).requested(operation)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        (f'{{ translatableResource(resourceId: "x") {{ {SAID} }} }}', 4),
        (f'{{ translatableResourcesByIds(first: 1, resourceIds: ["x"]) {{ nodes {{ {SAID} }} }} }}', 6),
        (
            f'{{ translatableResourcesByIds(first: 4, resourceIds: ["x"]) {{ nodes {{ {SAID} }} '
            "edges { cursor node { resourceId } } pageInfo { hasNextPage } } }",
            12,
        ),
        ('{ product(id: "x") { variants(first: 250) { nodes { inventoryItem { id tracked } } } } }', 25),
        ("{ orders(first: 20) { nodes { id name cancelledAt } } }", 7),
        ("{ shopLocales { locale } }", 1),
        ("{ shop { name } }", 1),
    ],
)
def test_a_query_costs_what_a_real_store_was_seen_to_ask(text: str, points: int) -> None:
    assert price(text) == points


def test_a_page_grows_with_the_logarithm_of_its_size() -> None:
    assert [page(size) for size in (0, 1, 2, 3, 10, 20, 100, 250)] == [0, 1, 1, 2, 4, 5, 9, 11]


def test_a_field_costs_as_much_as_the_dearest_of_its_types() -> None:
    dear, cheap = "... on Product { media(first: 10) { nodes { id } } }", "... on Order { customer { id } }"
    assert price(f'{{ node(id: "x") {{ {dear} {cheap} }} }}') == price(f'{{ node(id: "x") {{ {dear} }} }}') == 7


def test_what_an_answer_was_worth_follows_what_came(store: ShopifyStore) -> None:
    names = [gid("Product", product.number) for product in store.state.products()][:4]
    query = BY_IDS.format(4, SAID)
    cost = store.execute(query, {"ids": names})["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (10, 8), "there is no translation with a market"
    assert store.counters.points == 8
    missing = store.execute(query, {"ids": [gid("Product", 10**12)]})
    assert missing["data"]["translatableResourcesByIds"]["nodes"] == [], "what is not there is left out"
    assert missing["extensions"]["cost"]["actualQueryCost"] == 2


def test_a_resource_that_is_named_twice_comes_once(store: ShopifyStore) -> None:
    name = gid("Product", next(iter(store.state.products())).number)
    query = BY_IDS.format(2, "resourceId")
    found = store.execute(query, {"ids": [name, name]})["data"]["translatableResourcesByIds"]["nodes"]
    assert found == [{"resourceId": name}]


def test_a_query_over_a_thousand_points_is_not_run(store: ShopifyStore) -> None:
    nested = "nestedTranslatableResources(first: 250) { nodes { resourceId translatableContent { key } } }"
    many = " ".join(f'in{n}: translations(locale: "fr") {{ key }}' for n in range(80))
    query = f'{{ translatableResourcesByIds(first: 250, resourceIds: ["x"]) {{ nodes {{ {nested} {many} }} }} }}'
    answer = store.execute(query)
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert "data" not in answer
    assert store.counters.points == 0


@pytest.mark.parametrize("name", sorted(n for n in operations.documents() if not n.startswith(EXPORTED)))
def test_none_of_our_queries_is_too_dear(name: str) -> None:
    for languages in range(1, SPOTS + 1):
        first = at_once(languages) if name == "Texts" else PART
        assert price(operations.document(name, languages), first=first) <= LARGEST_QUERY
