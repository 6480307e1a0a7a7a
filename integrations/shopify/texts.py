"""Texts on Shopify: per field, each with the digest of the source text that its translations were made from.

A product's words are spread over several objects: its own, its options and their values, its pictures' alt texts,
its text metafields. Shopify keeps a translation with each object. To us they are one product: a field of another
object is called by its key and that object, ``name@ProductOption/12``.

A query is paid in points, and most of them are for finding the objects. So one query asks about several products, and
about every language of theirs (for all markets, or for one) beside each other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from typing import Any

from chalicelib.contracts import TextPlace, Translations
from chalicelib.domain.catalogue import Text
from chalicelib.domain.ids import Locale, MarketId
from chalicelib.errors import Gone, UnsupportedAction
from integrations.shopify import mapping
from integrations.shopify.connection import Connection, following, nodes

GID = "gid://shopify/"
PART = 100
"""Objects per request."""
SPOTS = 20
"""Languages of one request, each for all markets or for one: as many as a shop may have."""
_WORDS = frozenset({"SINGLE_LINE_TEXT_FIELD", "MULTI_LINE_TEXT_FIELD", "HTML", "STRING"})
"""Kinds of content that are running words; links, JSON, lists and rich text keep their shape and stay."""
_SETTINGS = ("shopify--", "app--", "$app")
"""Namespaces in which apps and Shopify keep settings, which are no words even where they are text."""

type Row = Mapping[str, Any]
type Spot = tuple[Locale, MarketId]
"""A language, for all markets or for one alone."""


def texts(connection: Connection, places: Sequence[TextPlace]) -> dict[TextPlace, Translations]:
    """Source texts with Shopify's digests, and what exists at each place; what is gone is absent.

    A market's texts are looked for where the product's texts are: Shopify tells them only object by object.
    """
    products = dict.fromkeys(place.resource for place in places if sound(place.resource))
    found: dict[TextPlace, Translations] = {}
    for spots in batched(dict.fromkeys((place.locale, place.market) for place in places), SPOTS):
        for some in batched(products, at_once(len(spots))):
            found |= _told(connection, some, spots)
    return {place: found[place] for place in places if place in found}


def at_once(spots: int) -> int:
    """Products of one request about so many languages: more would near 1,000 points, and the longest answer we take."""
    return min(25, 100 // spots)


def sound(resource_id: str) -> bool:
    """Whether it can be an id of Shopify's at all; others name nothing there."""
    return resource_id.isdigit() or resource_id.startswith(GID)


def resource(resource_id: str) -> str:
    """A resource's global id; a bare number names a product."""
    return resource_id if resource_id.startswith(GID) else mapping.gid("Product", resource_id)


def spoken_at(spots: Sequence[Spot]) -> dict[str, str]:
    """The variables that name languages and markets; a market that is not named means all of them."""
    locales = {f"locale{n}": str(locale) for n, (locale, _) in enumerate(spots)}
    return locales | {f"market{n}": mapping.gid("Market", market) for n, (_, market) in enumerate(spots) if market}


def rows(found: Mapping[str, Row], kind: str, content: str = "translatableContent") -> Iterable[tuple[str, Row]]:
    """Rows with their keys, of objects by the part they have in a key; under a product only those of running words."""
    for part, one in found.items():
        allowed = {row.get("key") for row in one.get(content) or [] if row.get("type") in _WORDS}
        for row in one.get(kind) or []:
            if not part:
                yield row["key"], row
            elif row.get("key") in allowed:
                yield f"{row['key']}@{part}", row


def _told(connection: Connection, products: Sequence[str], spots: Sequence[Spot]) -> dict[TextPlace, Translations]:
    """One query's worth. What Shopify refuses is asked again by halves, so that a market that is gone, say, hides
    nothing but its own texts."""
    try:
        found = _whole(connection, products, spots)
    except (Gone, UnsupportedAction):
        return {place: one for half in _halves(products, spots) for place, one in _told(connection, *half).items()}
    return {
        TextPlace(product, *spot): one
        for product, parts in found.items()
        for spot, one in zip(spots, _translations(parts, len(spots)), strict=True)
    }


def _halves(products: Sequence[str], spots: Sequence[Spot]) -> list[tuple[Sequence[str], Sequence[Spot]]]:
    if len(spots) > 1:
        middle = len(spots) // 2
        return [(products, spots[:middle]), (products, spots[middle:])]
    middle = len(products) // 2
    return [(products[:middle], spots), (products[middle:], spots)] if middle else []


def _translations(parts: Mapping[str, Row], spots: int) -> Iterator[Translations]:
    content = [(key, row) for key, row in rows(parts, "translatableContent") if row.get("value")]
    source = tuple(Text(key=key, value=row["value"], digest=row.get("digest") or "") for key, row in content)
    language = Locale(str(content[0][1].get("locale") or "") if content else "")
    for spot in range(spots):
        held = [(key, row) for key, row in rows(parts, f"said{spot}") if row.get("value") is not None]
        yield Translations(
            source=source,
            existing=tuple(Text(key=key, value=row["value"], digest="") for key, row in held),
            outdated=frozenset(key for key, row in held if row.get("outdated")),
            source_locale=language,
        )


def _whole(connection: Connection, products: Sequence[str], spots: Sequence[Spot]) -> dict[str, dict[str, Row]]:
    """Products and the objects that belong to them, by the part they have in a key; a product itself is ''."""
    names = {resource(one): one for one in products}
    data = connection.run("Texts", places=len(spots), ids=list(names), first=len(names), **spoken_at(spots))
    owners = {str(row.get("id") or ""): row for row in nodes(data)}
    found: dict[str, dict[str, Row]] = {}
    pictures: dict[str, list[str]] = {}
    for row in nodes(data.get("translatableResourcesByIds") or {}):
        name = str(row.get("resourceId") or "")
        owner = owners.get(name, {})
        nested = {part: one for part, one in _nested(connection, name, spots, row) if _spoken(part, owner)}
        found[names[name]] = {"": row, **nested}
        pictures[names[name]] = [part for part in _pictures(owner) if part not in nested]
    named = _named(connection, sorted({part for parts in pictures.values() for part in parts}), spots)
    return {
        product: {**parts, **{part: named[part] for part in pictures[product] if part in named}}
        for product, parts in found.items()
    }


def _nested(connection: Connection, name: str, spots: Sequence[Spot], first: Row) -> Iterator[tuple[str, Row]]:
    """Objects under a resource that hold running words, page by page."""
    page = first.get("nestedTranslatableResources")
    while isinstance(page, dict):
        for row in nodes(page):
            yield _part(row), row
        after = following(page)
        if after is None:
            return
        data = connection.run("MoreTexts", places=len(spots), id=name, after=after, **spoken_at(spots))
        more = data.get("translatableResource")
        page = more.get("nestedTranslatableResources") if isinstance(more, dict) else None


def _named(connection: Connection, parts: Sequence[str], spots: Sequence[Spot]) -> dict[str, Row]:
    """Objects by their names; those that are gone are left out."""
    found: dict[str, Row] = {}
    for some in batched(parts, PART):
        ids = [GID + part for part in some]
        data = connection.run("TextsOf", places=len(spots), ids=ids, first=len(ids), **spoken_at(spots))
        found |= {_part(row): row for row in nodes(data.get("translatableResourcesByIds") or {})}
    return found


def _part(row: Row) -> str:
    return str(row.get("resourceId") or "").removeprefix(GID)


def _spoken(part: str, owner: Row) -> bool:
    """Whether a nested object is for buyers to read.

    Settings that happen to be text are not, nor is the option that Shopify gives a product without options.
    """
    if part.startswith("ProductOption"):
        return not owner.get("hasOnlyDefaultVariant")
    if not part.startswith("Metafield/"):
        return True
    space = {_part({"resourceId": row.get("id")}): row.get("namespace") or "" for row in _owned(owner, "metafields")}
    return part in space and not str(space[part]).startswith(_SETTINGS)


def _pictures(owner: Row) -> list[str]:
    found = [_part({"resourceId": row.get("id")}) for row in _owned(owner, "media")]
    return [part for part in found if part.startswith("MediaImage/")]


def _owned(owner: Row, kind: str) -> Sequence[Row]:
    return nodes(owner.get(kind) or {})
