"""The GraphQL documents of operations.graphql, by name, each with the fragments it uses."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

_DEFINITION = re.compile(r"^(query|mutation|fragment) (\w+).*?^\}", re.MULTILINE | re.DOTALL)
_SPREAD = re.compile(r"\.\.\.(\w+)")
_PLACE = re.compile(r"\$locale0: String!, \$market0: ID|^ *\w+0: .*$", re.MULTILINE)


@cache
def documents() -> Mapping[str, str]:
    """Every operation's text by its name."""
    text = resources.files(__package__).joinpath("operations.graphql").read_text(encoding="utf-8")
    found = {match[2]: (match[1], match[0]) for match in _DEFINITION.finditer(text)}
    fragments = {name: body for name, (kind, body) in found.items() if kind == "fragment"}
    return {
        name: "\n".join([body, *(fragments[used] for used in _used(body, fragments))])
        for name, (kind, body) in found.items()
        if kind != "fragment"
    }


@cache
def document(name: str, places: int = 1) -> str:
    """An operation's text; what it says of the first language is said of so many, under names of their own."""

    def each(found: re.Match[str]) -> str:
        joint = ", " if found[0].startswith("$") else "\n"
        return joint.join(found[0].replace("0", str(place)) for place in range(places))

    return _PLACE.sub(each, documents()[name])


def inline(name: str) -> str:
    """An operation's selection with its fragments written out, as a bulk operation wants it: no spreads."""
    text = documents()[name]
    body, *rest = text.split("\nfragment ")
    for fragment in rest:
        head, _, fields = fragment.partition("{")
        kind = head.split()[2]
        fields = f"... on {kind} {{{fields}"
        body = body.replace(f"...{head.split()[0]}", fields)
    return body.partition("{")[1] + body.partition("{")[2]


def _used(body: str, fragments: Mapping[str, str]) -> list[str]:
    """Names of the fragments that a text needs, directly or through others, each once."""
    names: list[str] = []
    waiting = [name for name in _SPREAD.findall(body) if name in fragments]
    while waiting:
        name = waiting.pop(0)
        if name not in names:
            names.append(name)
            waiting += [inner for inner in _SPREAD.findall(fragments[name]) if inner in fragments]
    return names
