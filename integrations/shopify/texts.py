"""Translations on Shopify: per field, each with the digest of the source text it was made from.

A product's words are spread over several objects: its own, its options and their values, its pictures' alt texts,
its text metafields. Shopify keeps a translation with each object. To us they are one product: a field of another
object is called by its key and that object, ``name@ProductOption/12``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.contracts import Receipt, Translations
from chalicelib.domain.actions import PublishTranslation, Snapshot, TranslatedField
from chalicelib.domain.catalogue import Text, field_name, part_of
from chalicelib.domain.ids import Locale, MarketId
from chalicelib.errors import Gone, StaleState
from integrations.shopify import mapping
from integrations.shopify.changes import Todo
from integrations.shopify.connection import Connection, following, nodes

_GID = "gid://shopify/"
_PART = 100
"""Objects per request, and the most keys of one object that Shopify takes at once."""
_WORDS = frozenset({"SINGLE_LINE_TEXT_FIELD", "MULTI_LINE_TEXT_FIELD", "HTML", "STRING"})
"""Kinds of content that are running words; links, JSON, lists and rich text keep their shape and stay."""
_SETTINGS = ("shopify--", "app--", "$app")
"""Namespaces in which apps and Shopify keep settings, which are no words even where they are text."""

type Row = Mapping[str, Any]


def texts(connection: Connection, resource_id: str, locale: Locale, market: MarketId | None = None) -> Translations:
    """Source texts with Shopify's digests, and what exists in one language, or for one market alone. Raises Gone.

    A market's texts are looked for where the product's texts are: Shopify tells them only object by object.
    """
    found = _resources(connection, resource_id, locale, None)
    if market:
        local = {"": _first(connection, resource(resource_id), locale, market).get("translatableResource") or {}}
        local |= _named(connection, [part for part in found if part], locale, market)
        found = {part: {**row, "translations": local.get(part, {}).get("translations")} for part, row in found.items()}
    content = [(key, row) for key, row in _rows(found, "translatableContent") if row.get("value")]
    held = [(key, row) for key, row in _rows(found, "translations") if row.get("value") is not None]
    return Translations(
        source=tuple(Text(key=key, value=row["value"], digest=row.get("digest") or "") for key, row in content),
        existing=tuple(Text(key=key, value=row["value"], digest="") for key, row in held),
        outdated=frozenset(key for key, row in held if row.get("outdated")),
        source_locale=Locale(str(content[0][1].get("locale") or "") if content else ""),
    )


def read(connection: Connection, action: PublishTranslation) -> Snapshot:
    """The fields that the action would write, as they are published now. Raises Gone."""
    found = _resources(connection, action.resource_id, action.locale, action)
    held = {key: str(row["value"]) for key, row in _rows(found, "translations") if row.get("value")}
    return _snapshot({field.key: held[field.key] for field in action.fields if field.key in held})


def write(connection: Connection, todo: Todo[PublishTranslation]) -> Receipt:
    """Publish, object by object; nothing is written where a source has changed since (StaleState)."""
    action = todo.action
    parts = _parts(action)
    if len(parts) > 1:
        _refuse_stale(connection, action)
    if action.redirect_from:
        _redirect(connection, action)
    held: dict[str, str] = {}
    for name, fields in parts.items():
        rows = [_row(action, field) for field in fields]
        payload = connection.change("PublishTranslations", "translationsRegister", id=name, translations=rows)
        held |= {_key(action, name, row["key"]): row["value"] for row in payload.get("translations") or []}
    return Receipt(after=_snapshot(held))


def put_back(connection: Connection, todo: Todo[PublishTranslation], before: Snapshot) -> Receipt:
    """Publish what was published before, and take back what was not."""
    action = todo.action
    held = before.value if isinstance(before.value, Mapping) else {}
    digests = _digests(connection, action) if held else {}
    markets = [mapping.gid("Market", action.market)] if action.market else None
    for name, fields in _parts(action).items():
        added = [field_name(field.key) for field in fields if field.key not in held]
        if added:
            connection.change(
                "RemoveTranslations", "translationsRemove", id=name, keys=added, locales=[action.locale],
                markets=markets,
            )  # fmt: skip
        kept = [
            TranslatedField(key=field.key, value=str(held[field.key]), source_digest=digests.get(field.key, ""))
            for field in fields
            if field.key in held
        ]
        if kept:
            rows = [_row(action, field) for field in kept]
            connection.change("PublishTranslations", "translationsRegister", id=name, translations=rows)
    return Receipt(after=read(connection, action))


def resource(resource_id: str) -> str:
    """A resource's global id; a bare number names a product."""
    return resource_id if resource_id.startswith(_GID) else mapping.gid("Product", resource_id)


def _resources(
    connection: Connection, resource_id: str, locale: str, action: PublishTranslation | None
) -> Mapping[str, Row]:
    """The resource and the objects that belong to it, by the part they have in a key; the resource itself is ''.

    Before a write only the objects that it names are looked at.
    """
    name = resource(resource_id)
    market = action.market if action else None
    data = _first(connection, name, locale, market)
    found = data.get("translatableResource")
    if not isinstance(found, dict):
        raise Gone
    if action is not None:
        wanted = {part for field in action.fields if (part := part_of(field.key))}
        return {"": found, **_named(connection, sorted(wanted), locale, market)}
    nested = {part: row for part, row in _nested(connection, name, locale, found) if _spoken(part, data)}
    pictures = [part for part in _pictures(data) if part not in nested]
    return {"": found, **nested, **_named(connection, pictures, locale, None)}


def _first(connection: Connection, name: str, locale: str, market: str | None) -> Row:
    if market is None:
        return connection.run("Texts", id=name, locale=locale)
    return connection.run("MarketTexts", id=name, locale=locale, market=mapping.gid("Market", market))


def _nested(connection: Connection, name: str, locale: str, first: Row) -> Iterator[tuple[str, Row]]:
    """Objects under a resource that hold running words, page by page."""
    page = first.get("nestedTranslatableResources")
    while isinstance(page, dict):
        for row in nodes(page):
            yield _part(row), row
        after = following(page)
        if after is None:
            return
        data = connection.run("MoreTexts", id=name, locale=locale, after=after).get("translatableResource")
        page = data.get("nestedTranslatableResources") if isinstance(data, dict) else None


def _named(connection: Connection, parts: Sequence[str], locale: str, market: str | None) -> dict[str, Row]:
    """Objects by their names; those that are gone are left out."""
    found: dict[str, Row] = {}
    for begin in range(0, len(parts), _PART):
        ids = [_GID + part for part in parts[begin : begin + _PART]]
        if market is None:
            data = connection.run("TextsOf", ids=ids, locale=locale)
        else:
            data = connection.run("MarketTextsOf", ids=ids, locale=locale, market=mapping.gid("Market", market))
        found |= {_part(row): row for row in nodes(data.get("translatableResourcesByIds") or {})}
    return found


def _part(row: Row) -> str:
    return str(row.get("resourceId") or "").removeprefix(_GID)


def _spoken(part: str, data: Row) -> bool:
    """Whether a nested object is for buyers to read.

    Settings that happen to be text are not, nor is the option that Shopify gives a product without options.
    """
    owner = data.get("node")
    if part.startswith("ProductOption"):
        return not (isinstance(owner, dict) and owner.get("hasOnlyDefaultVariant"))
    if not part.startswith("Metafield/"):
        return True
    space = {_part({"resourceId": row.get("id")}): row.get("namespace") or "" for row in _owned(data, "metafields")}
    return part in space and not str(space[part]).startswith(_SETTINGS)


def _pictures(data: Row) -> list[str]:
    found = [_part({"resourceId": row.get("id")}) for row in _owned(data, "media")]
    return [part for part in found if part.startswith("MediaImage/")]


def _owned(data: Row, kind: str) -> Sequence[Row]:
    owner = data.get("node")
    return nodes(owner.get(kind) or {}) if isinstance(owner, dict) else ()


def _rows(found: Mapping[str, Row], kind: str) -> Iterable[tuple[str, Row]]:
    """Rows with their keys; of the objects under a product only those of running words."""
    for part, one in found.items():
        allowed = {row.get("key") for row in one.get("translatableContent") or [] if row.get("type") in _WORDS}
        for row in one.get(kind) or []:
            if not part:
                yield row["key"], row
            elif row.get("key") in allowed:
                yield f"{row['key']}@{part}", row


def _parts(action: PublishTranslation) -> dict[str, list[TranslatedField]]:
    """The action's fields by the global id of the object that holds them, the resource itself first."""
    found: dict[str, list[TranslatedField]] = {}
    for field in sorted(action.fields, key=lambda one: part_of(one.key)):
        part = part_of(field.key)
        found.setdefault(_GID + part if part else resource(action.resource_id), []).append(field)
    return found


def _key(action: PublishTranslation, name: str, key: str) -> str:
    return key if name == resource(action.resource_id) else f"{key}@{name.removeprefix(_GID)}"


def _digests(connection: Connection, action: PublishTranslation) -> Mapping[str, str]:
    found = _resources(connection, action.resource_id, action.locale, action)
    return {key: str(row.get("digest") or "") for key, row in _rows(found, "translatableContent")}


def _refuse_stale(connection: Connection, action: PublishTranslation) -> None:
    """Shopify checks one object at a time; all are checked here before the first is written."""
    digests = _digests(connection, action)
    if any(digests.get(field.key) != field.source_digest for field in action.fields):
        raise StaleState("The source text changed, so the translation was not published.")


def _row(action: PublishTranslation, field: TranslatedField) -> dict[str, str]:
    row = {
        "locale": str(action.locale), "key": field_name(field.key), "value": field.value,
        "translatableContentDigest": field.source_digest,
    }  # fmt: skip
    return row | {"marketId": mapping.gid("Market", action.market)} if action.market else row


def _redirect(connection: Connection, action: PublishTranslation) -> None:
    """Keep the old address alive; a redirect that is there already is as good."""
    handle = next((field.value for field in action.fields if field.key == "handle"), "")
    if not handle or handle == action.redirect_from:
        return
    prefix = f"/{action.locale.lower()}/products/"
    redirect = {"path": prefix + action.redirect_from, "target": prefix + handle}
    connection.run("RedirectUrl", redirect=redirect)


def _snapshot(held: Mapping[str, str]) -> Snapshot:
    return Snapshot(value=dict(held) or None, read_at=datetime.now(UTC))
