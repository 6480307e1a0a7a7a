"""The pruned schema, brought to life: validate, execute, and word errors as Shopify does."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSyntaxError,
    GraphQLUnionType,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from sandbox.shopify_store import scalars
from sandbox.shopify_store.registry import ACCESS, RESOLVERS, Call, Resolver, check_access

SCHEMA = Path(__file__).with_name("schema.graphql")

# graphql-core's words -> Shopify's words and error code, as far as they have been recorded or documented.
WORDS = (
    (
        r"Cannot query field '(\w+)' on type '(\w+)'.*",
        r"Field '\1' doesn't exist on type '\2'",
        "undefinedField",
    ),
    (
        r"Unknown argument '(\w+)' on field '\w+\.(\w+)'.*",
        r"Field '\2' doesn't accept argument '\1'",
        "argumentNotAccepted",
    ),
    (r"Variable '\$(\w+)' is never used.*", r"Variable $\1 is declared by  but not used", "variableNotUsed"),
    (
        r"Field '(\w+)' of type '(.+)' must have a selection.*",
        r"Field must have selections ('\1' returns \2)",
        "selectionMismatch",
    ),
    (
        r"Variable '\$(\w+)' of required type '(.+)' was not provided.*",
        r"Variable $\1 of type \2 was provided invalid value",
        "INVALID_VARIABLE",
    ),
    (
        r"Variable '\$(\w+)' (got invalid value|has invalid value).*",
        r"Variable $\1 was provided invalid value",
        "INVALID_VARIABLE",
    ),
)
ENUM_LITERAL = re.compile(r"Value '(\w+)' does not exist in '(\w+)' enum.*")


@functools.cache
def load() -> GraphQLSchema:
    """The schema with every resolver attached; built once for the whole process."""
    schema = build_schema(SCHEMA.read_text())
    scalars.attach(schema)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            _attach_fields(kind)
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = _resolve_type
    return schema


def _attach_fields(kind: GraphQLObjectType) -> None:
    for name, field in kind.fields.items():
        path = f"{kind.name}.{name}"
        function = RESOLVERS.get(path) or _by_convention(kind.name, name)
        if function:
            field.resolve = _adapt(function, name, ACCESS.get(path, ()))
        else:
            field.resolve = _plain(snake(name), name)


def _by_convention(kind: str, name: str) -> Resolver | None:
    if kind.endswith("Edge") and name == "cursor":
        return RESOLVERS["Edge.cursor"]
    return RESOLVERS.get(f"*.{name}")


def _adapt(function: Resolver, name: str, access: tuple[str, ...]) -> Callable[..., Any]:
    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if access:
            check_access(info.context, name, access)
        return function(source, info.context, **{_ours(key): value for key, value in arguments.items()})

    return resolve


def _ours(name: str) -> str:
    return "global_id" if name == "id" else snake(name)


def _plain(attribute: str, name: str) -> Callable[..., Any]:
    def resolve(source: Any, _info: GraphQLResolveInfo[Any]) -> Any:
        return source[name] if isinstance(source, dict) else getattr(source, attribute)

    return resolve


@functools.cache
def snake(name: str) -> str:
    """GraphQL's camelCase -> our attribute."""
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def _resolve_type(value: Any, *_: Any) -> str:
    return str(value["__typename"] if isinstance(value, dict) else value.kind)


@functools.lru_cache(maxsize=512)
def read(text: str) -> tuple[DocumentNode | None, list[dict[str, Any]]]:
    """The parsed and validated query, or the errors for which Shopify would not run it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, [word(error)]
    return document, [word(error) for error in validate(load(), document, hide_suggestions=True)]


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """The operation to run; None where the name fits none or where several fit."""
    found = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [d for d in found if name is None or (d.name and d.name.value == name)]
    return named[0] if len(named) == 1 else None


def run(
    document: DocumentNode, call: Call, variables: dict[str, Any] | None, operation: str | None
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Data and errors of one validated document."""
    result = execute_sync(
        load(), document, context_value=call, variable_values=variables, operation_name=operation
    )
    return result.data, [word(error) for error in result.errors or ()]


def word(error: GraphQLError) -> dict[str, Any]:
    """One error as Shopify writes it: message, locations, path, extensions.code."""
    entry: dict[str, Any] = {**error.formatted}
    extensions: dict[str, Any] = dict(error.extensions or {})
    for pattern, message, code in WORDS:
        if re.fullmatch(pattern, error.message, re.DOTALL):
            entry["message"] = re.sub(pattern, message, error.message, flags=re.DOTALL)
            extensions.setdefault("code", code)
    if isinstance(error, GraphQLSyntaxError):
        entry["message"] = f"syntax error, {error.message.removeprefix('Syntax Error: ')}"
    if extensions:
        entry["extensions"] = extensions
    return _word_enum(error, entry)


def _word_enum(error: GraphQLError, entry: dict[str, Any]) -> dict[str, Any]:
    match = ENUM_LITERAL.match(error.message)
    place = _argument_of(error) if match else None
    if not match or not place:
        return entry
    operation, field, argument, location = place
    entry["message"] = (
        f"Argument '{argument}' on Field '{field}' has an invalid value ({match[1]})."
        f" Expected type '{match[2]}'."
    )
    entry["locations"] = [location]
    entry["path"] = [operation, field, argument]
    entry["extensions"] = {
        "code": "argumentLiteralsIncompatible",
        "typeName": "Field",
        "argumentName": argument,
    }
    return entry


def _argument_of(error: GraphQLError) -> tuple[str, str, str, dict[str, int]] | None:
    """Where a wrong enum literal stands: Shopify points at the field that takes the argument."""
    node = error.nodes[0] if error.nodes else None
    source = error.source.body if error.source else ""
    if node is None or node.loc is None:
        return None
    before = source[: node.loc.start]
    argument = re.search(r"(\w+)\s*:\s*$", before)
    field = re.search(r"(\w+)\s*\([^()]*$", before)
    operation = re.search(r"(query|mutation)\s+(\w+)", source)
    if not argument or not field:
        return None
    line = before.count("\n", 0, field.start()) + 1
    column = field.start() - (before.rfind("\n", 0, field.start()) + 1) + 1
    name = f"{operation[1]} {operation[2]}" if operation else "query"
    return name, field[1], argument[1], {"line": line, "column": column}
