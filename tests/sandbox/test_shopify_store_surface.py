"""The served schema is the real one, and every field in it is answered by something."""

import gzip
from pathlib import Path

import pytest
from graphql import DocumentNode, GraphQLObjectType, build_schema, parse, validate

from sandbox.shopify_store import prune_schema, schema
from sandbox.shopify_store.registry import RESOLVERS

SHARED = Path(__file__).parents[3] / "shared" / "shopify"
# Answers that are plain dictionaries, whose keys are the fields' own names.
DICTIONARIES = {
    "AccessScope", "ApiVersion", "App", "AppInstallation", "AppPlanV2", "AppRecurringPricing",
    "AppUsagePricing",
    "CardPaymentDetails", "Count", "CustomerEmailAddress", "CustomerPhoneNumber", "Domain",
    "FulfillmentOrderAssignedLocation", "FulfillmentOrderSupportedAction", "Image",
    "InventoryItemMeasurement",
    "InventoryQuantity", "Job", "Location", "MediaPreviewImage", "MetafieldIdentifier", "MoneyBag", "MoneyV2",
    "OrderDisputeSummary", "OrderRiskAssessment", "OrderRiskSummary", "PageInfo", "PriceListAdjustment",
    "PriceListAdjustmentSettings", "PriceListParent", "ProductPriceRangeV2", "RiskFact", "SEO",
    "SelectedOption",
    "Shop", "ShopAddress", "ShopPlan", "StagedMediaUploadTarget", "StagedUploadParameter",
    "TranslatableContent",
    "TranslatableResource", "Translation", "UnitPriceMeasurement", "WebhookHttpEndpoint", "Weight",
    "Attribute",
}  # fmt: skip


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(reason=f"{path} is absent: the full schema and recordings are kept beside the repository")
    return path


def test_schema_is_cut_from_the_real_one() -> None:
    full = gzip.decompress(shared("admin_2026-10.graphql.gz").read_bytes()).decode()
    surface = prune_schema.read_surface(prune_schema.SURFACE.read_text())
    assert prune_schema.prune(full, surface) == schema.SCHEMA.read_text()


def test_pruning_says_which_field_does_not_exist() -> None:
    full = "schema { query: QueryRoot mutation: Mutation } type QueryRoot { a: Int } type Mutation { b: Int }"
    with pytest.raises(KeyError, match="QueryRoot has no field c"):
        prune_schema.prune(full, {"QueryRoot": ("a", "c"), "Mutation": ("b",)})


def test_every_documented_operation_is_valid() -> None:
    text = shared("operations.graphql").read_text()
    served = build_schema(schema.SCHEMA.read_text())
    for definition in parse(text).definitions:
        problems = validate(served, DocumentNode(definitions=(definition,)))
        assert not problems, f"{definition.to_dict()['name']}: {problems}"


def test_every_field_has_somebody_who_answers_it() -> None:
    orphans = []
    for kind in schema.load().type_map.values():
        if not isinstance(kind, GraphQLObjectType) or _structural(kind.name):
            continue
        record = _record(kind.name)
        for name in kind.fields:
            known = f"{kind.name}.{name}" in RESOLVERS or f"*.{name}" in RESOLVERS
            if not known and not (record and hasattr(record, schema.snake(name))):
                orphans.append(f"{kind.name}.{name}")
    assert orphans == []


def _structural(name: str) -> bool:
    ends = ("Connection", "Edge", "Payload", "UserError")
    return name.startswith("__") or name.endswith(ends) or name in DICTIONARIES


def _record(name: str) -> object | None:
    from sandbox.shopify_store import products, records

    kinds = {getattr(value, "kind", ""): value for value in vars(records).values() if isinstance(value, type)}
    level = type("Level", (), dict.fromkeys(("item", "location", "is_active", "created_at", "updated_at")))
    listed = type("Listed", (), {"variant": None})
    extra = {"InventoryLevel": level, "PriceListPrice": listed}
    assert products
    return kinds.get(name) or extra.get(name)
