"""Cuts the sandbox's schema out of Shopify's full GraphQL Admin schema, by the list in surface.txt.

Run: ``python -m sandbox.shopify_store.prune_schema FULL.graphql.gz > sandbox/shopify_store/schema.graphql``.
The full schema is the one of the npm package that carries Shopify's 2026-10 Admin schema (ISC licence).
"""

import gzip
import sys
from collections.abc import Iterable
from pathlib import Path

from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

SURFACE = Path(__file__).with_name("surface.txt")
HEADER = """\
# A subset of Shopify's GraphQL Admin API schema, version 2026-10: the types, fields and arguments that the
# sandbox store serves (surface.txt), with the real signatures, nullability and enum values; no descriptions.
# Cut by prune_schema.py from a copy published under the ISC licence; do not edit by hand.
"""
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}
DROPPED_ARGUMENTS = {"savedSearchId", "media", "limit"}

type Definition = (
    ObjectTypeDefinitionNode
    | InterfaceTypeDefinitionNode
    | InputObjectTypeDefinitionNode
    | UnionTypeDefinitionNode
    | EnumTypeDefinitionNode
    | ScalarTypeDefinitionNode
)


def read_surface(text: str) -> dict[str, tuple[str, ...]]:
    """Type name -> the fields (or union members) to keep."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    pairs = (line.split(":", 1) for line in lines)
    return {name: tuple(fields.split()) for name, fields in pairs}


def prune(full: str, surface: dict[str, tuple[str, ...]]) -> str:
    """The schema text that holds what ``surface`` lists; KeyError names a type that Shopify does not have."""
    definitions = {d.name.value: d for d in _types(parse(full, no_location=True))}
    kept: dict[str, str] = {}
    waiting = ["QueryRoot", "Mutation", *surface]
    while waiting:
        name = waiting.pop()
        if name in kept or name in BUILT_IN:
            continue
        kept[name], needed = _cut(definitions[name], surface, definitions)
        waiting.extend(needed)
    head = "schema {\n  query: QueryRoot\n  mutation: Mutation\n}\n"
    return HEADER + "\n" + "\n\n".join([head, IDEMPOTENT, *(kept[name] for name in sorted(kept))]) + "\n"


IDEMPOTENT = "directive @idempotent(key: String!) on FIELD"


def _types(document: DocumentNode) -> Iterable[Definition]:
    return (d for d in document.definitions if isinstance(d, Definition.__value__))


def _named(node: TypeNode) -> str:
    while isinstance(node, NonNullTypeNode | ListTypeNode):
        node = node.type
    if not isinstance(node, NamedTypeNode):
        raise TypeError(f"not a type: {node}")
    return node.name.value


def _served(name: str, surface: dict[str, tuple[str, ...]], definitions: dict[str, Definition]) -> bool:
    if name in BUILT_IN or name in surface:
        return True
    definition = definitions[name]
    if isinstance(definition, EnumTypeDefinitionNode | ScalarTypeDefinitionNode):
        return True
    if name.endswith(("Payload", "UserError")):
        return True
    ends = ("Connection", "Edge")
    stem = next((name.removesuffix(end) for end in ends if name.endswith(end)), "")
    return stem in surface


def _cut(
    definition: Definition, surface: dict[str, tuple[str, ...]], definitions: dict[str, Definition]
) -> tuple[str, set[str]]:
    name = definition.name.value
    if isinstance(definition, ScalarTypeDefinitionNode):
        return f"scalar {name}", set()
    if isinstance(definition, EnumTypeDefinitionNode):
        return f"enum {name} {{\n" + "".join(
            f"  {v.name.value}\n" for v in definition.values or ()
        ) + "}", set()
    if isinstance(definition, UnionTypeDefinitionNode):
        return f"union {name} = {' | '.join(surface[name])}", set(surface[name])
    return _cut_fields(definition, surface, definitions)


def _cut_fields(
    definition: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode,
    surface: dict[str, tuple[str, ...]],
    definitions: dict[str, Definition],
) -> tuple[str, set[str]]:
    name = definition.name.value
    wanted = surface.get(name)
    lines, needed = [], set[str]()
    for entry in definition.fields or ():
        if wanted is not None and entry.name.value not in wanted:
            continue
        if wanted is None and not _served(_named(entry.type), surface, definitions):
            continue
        line, types = _line(entry, surface, definitions)
        lines.append(line)
        needed |= types
    _check_complete(name, wanted, lines)
    word = {"ObjectTypeDefinitionNode": "type", "InterfaceTypeDefinitionNode": "interface"}
    declared = (i.name.value for i in getattr(definition, "interfaces", None) or ())
    interfaces = [i for i in declared if i in surface and set(surface[i]) <= set(wanted or ())]
    clause = f" implements {' & '.join(interfaces)}" if interfaces else ""
    return f"{word.get(type(definition).__name__, 'input')} {name}{clause} {{\n" + "\n".join(
        lines
    ) + "\n}", needed


def _check_complete(name: str, wanted: tuple[str, ...] | None, lines: list[str]) -> None:
    have = {line.strip().split("(")[0].split(":")[0] for line in lines}
    missing = set(wanted or ()) - have
    if missing:
        raise KeyError(f"{name} has no field {', '.join(sorted(missing))}")


def _line(
    entry: FieldDefinitionNode | InputValueDefinitionNode,
    surface: dict[str, tuple[str, ...]],
    definitions: dict[str, Definition],
) -> tuple[str, set[str]]:
    needed = {_named(entry.type)}
    arguments = []
    for argument in getattr(entry, "arguments", None) or ():
        kind = _named(argument.type)
        if argument.name.value in DROPPED_ARGUMENTS or not _served(kind, surface, definitions):
            if isinstance(argument.type, NonNullTypeNode):
                raise KeyError(f"{entry.name.value} needs {kind}: list it in surface.txt")
            continue
        needed.add(kind)
        arguments.append(_signature(argument))
    inside = f"({', '.join(arguments)})" if arguments else ""
    if isinstance(entry, InputValueDefinitionNode):
        return f"  {_signature(entry)}", needed
    return f"  {entry.name.value}{inside}: {print_ast(entry.type)}", needed


def _signature(value: InputValueDefinitionNode) -> str:
    default = f" = {print_ast(value.default_value)}" if value.default_value else ""
    return f"{value.name.value}: {print_ast(value.type)}{default}"


if __name__ == "__main__":
    full_text = gzip.decompress(Path(sys.argv[1]).read_bytes()).decode()
    sys.stdout.write(prune(full_text, read_surface(SURFACE.read_text())))
