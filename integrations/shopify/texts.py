"""Translations on Shopify: per field, each with the digest of the source text it was made from."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.contracts import Receipt, Translations
from chalicelib.domain.actions import PublishTranslation, Snapshot
from chalicelib.domain.catalogue import Text
from chalicelib.domain.ids import Locale
from chalicelib.errors import Gone
from integrations.shopify import mapping
from integrations.shopify.changes import Todo
from integrations.shopify.connection import Connection


def texts(connection: Connection, resource_id: str, locale: Locale) -> Translations:
    """Source texts with Shopify's digests, and what exists in one language. Raises Gone."""
    found = _resource(connection, resource_id, locale, None)
    content = [row for row in found.get("translatableContent") or [] if row.get("value")]
    held = [row for row in found.get("translations") or [] if row.get("value") is not None]
    return Translations(
        source=tuple(Text(key=row["key"], value=row["value"], digest=row.get("digest") or "") for row in content),
        existing=tuple(Text(key=row["key"], value=row["value"], digest="") for row in held),
        outdated=frozenset(row["key"] for row in held if row.get("outdated")),
        source_locale=Locale(str(content[0].get("locale") or "") if content else ""),
    )


def read(connection: Connection, action: PublishTranslation) -> Snapshot:
    """The fields that the action would write, as they are published now. Raises Gone."""
    found = _resource(connection, action.resource_id, action.locale, action.market)
    held = {row["key"]: row["value"] for row in found.get("translations") or [] if row.get("value")}
    return _snapshot({field.key: held[field.key] for field in action.fields if field.key in held})


def write(connection: Connection, todo: Todo[PublishTranslation]) -> Receipt:
    """Publish; Shopify refuses a text whose source has changed since (StaleState)."""
    action = todo.action
    if action.redirect_from:
        _redirect(connection, action)
    rows = [_row(action, field.key, field.value, field.source_digest) for field in action.fields]
    payload = connection.change(
        "PublishTranslations", "translationsRegister", id=resource(action.resource_id), translations=rows
    )
    return Receipt(after=_snapshot({row["key"]: row["value"] for row in payload.get("translations") or []}))


def put_back(connection: Connection, todo: Todo[PublishTranslation], before: Snapshot) -> Receipt:
    """Publish what was published before, and take back what was not."""
    action = todo.action
    held = before.value if isinstance(before.value, Mapping) else {}
    added = [field.key for field in action.fields if field.key not in held]
    name = resource(action.resource_id)
    if added:
        markets = [mapping.gid("Market", action.market)] if action.market else None
        connection.change(
            "RemoveTranslations",
            "translationsRemove",
            id=name,
            keys=added,
            locales=[action.locale],
            markets=markets,
        )
    if held:
        found = _resource(connection, action.resource_id, action.locale, action.market)
        digests = {row["key"]: row.get("digest") for row in found.get("translatableContent") or []}
        rows = [_row(action, key, str(value), digests.get(key) or "") for key, value in held.items()]
        connection.change("PublishTranslations", "translationsRegister", id=name, translations=rows)
    return Receipt(after=read(connection, action))


def resource(resource_id: str) -> str:
    """A resource's global id; a bare number names a product."""
    return resource_id if resource_id.startswith("gid://shopify/") else mapping.gid("Product", resource_id)


def _resource(connection: Connection, resource_id: str, locale: str, market: str | None) -> Mapping[str, Any]:
    name = resource(resource_id)
    if market is None:
        data = connection.run("Texts", id=name, locale=locale)
    else:
        data = connection.run("MarketTexts", id=name, locale=locale, market=mapping.gid("Market", market))
    found = data.get("translatableResource")
    if not isinstance(found, dict):
        raise Gone
    return found


def _row(action: PublishTranslation, key: str, value: str, digest: str) -> dict[str, str]:
    row = {"locale": str(action.locale), "key": key, "value": value, "translatableContentDigest": digest}
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
