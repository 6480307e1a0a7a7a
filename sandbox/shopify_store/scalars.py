"""Shopify's own scalars: how they are written in answers and read from input."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema


def render_time(value: datetime) -> str:
    """Shopify writes UTC with whole seconds and a Z."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(value: Any) -> datetime:
    """ISO 8601 in, aware UTC out; GraphQLError otherwise."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError(f"{value!r} is not a valid ISO8601 DateTime") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_decimal(value: Any) -> Decimal:
    """A decimal from a string or a JSON number; NaN and infinities are refused."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise GraphQLError(f"{value!r} is not a valid decimal")
    return number


def render_decimal(value: Decimal) -> str:
    """MoneyV2 amounts drop trailing zeros but keep one place: 10.0, 881.25."""
    text = format(value.normalize(), "f")
    return text if "." in text else f"{text}.0"


def parse_url(value: Any) -> str:
    """An absolute address with a scheme."""
    if not isinstance(value, str) or "://" not in value:
        raise GraphQLError(f"Invalid url {value!r}, missing scheme")
    return value


def parse_id(value: Any) -> str:
    """A global id; Shopify refuses anything that does not look like one before it runs the query."""
    if not isinstance(value, str) or not value.startswith("gid://shopify/"):
        raise GraphQLError(f"Invalid global id '{value}'")
    return value


OUTPUT: dict[str, Callable[[Any], Any]] = {
    "DateTime": render_time,
    "Money": lambda value: format(value, "f"),
    "Decimal": render_decimal,
    "UnsignedInt64": str,
}
INPUT: dict[str, Callable[[Any], Any]] = {
    "DateTime": parse_time,
    "Money": parse_decimal,
    "Decimal": parse_decimal,
    "URL": parse_url,
}


def attach(schema: GraphQLSchema) -> None:
    """Gives the schema's scalars their reading and writing."""
    for name, function in OUTPUT.items():
        scalar = _scalar(schema, name)
        scalar.coerce_output_value = function
    for name, function in INPUT.items():
        scalar = _scalar(schema, name)
        scalar.coerce_input_value = function


def _scalar(schema: GraphQLSchema, name: str) -> GraphQLScalarType:
    scalar = schema.type_map[name]
    if not isinstance(scalar, GraphQLScalarType):
        raise TypeError(f"{name} is not a scalar of this schema: regenerate schema.graphql")
    return scalar
