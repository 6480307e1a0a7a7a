"""Publishing translations on Shopify, and taking them back: object by object, each checked against its source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched

from chalicelib.contracts import Receipt
from chalicelib.domain.actions import PublishTranslation, Snapshot, TranslatedField
from chalicelib.domain.catalogue import field_name, part_of
from chalicelib.domain.ids import MarketId, Target
from chalicelib.errors import AppError, Gone, StaleState
from integrations.shopify import mapping
from integrations.shopify.changes import Todo, attempt
from integrations.shopify.connection import Connection, nodes
from integrations.shopify.texts import GID, PART, SPOTS, Row, Spot, resource, rows, spoken_at


@dataclass(frozen=True, slots=True)
class _Standing:
    """What stands in an action's objects: translations, and the digests of their sources, by field."""

    held: Mapping[str, str]
    digests: Mapping[str, str]


def read(connection: Connection, actions: Sequence[PublishTranslation]) -> dict[Target, Snapshot]:
    """The fields that actions would write, as they are published now; what is gone is absent."""
    found = _standing(connection, actions)
    return {one.target: _published(one, found[one.target]) for one in actions if one.target in found}


def write(connection: Connection, todos: Sequence[Todo[PublishTranslation]]) -> dict[int, Receipt | AppError]:
    """Publish the languages of a product; of one whose source has changed since nothing is written (StaleState)."""
    # Shopify checks one object at a time; where there are several, all are checked before the first is written
    spread = [todo.action for todo in todos if len(_parts(todo.action)) > 1]
    standing = _standing(connection, spread)
    gone = {action.target for action in spread} - set(standing)
    return {
        todo.place: Gone() if todo.action.target in gone else attempt(
            _write, connection, todo.action, standing.get(todo.action.target)
        )
        for todo in todos
    }  # fmt: skip


def put_back(connection: Connection, todo: Todo[PublishTranslation], before: Snapshot) -> Receipt:
    """Publish what was published before, and take back what was not. Raises Gone."""
    action = todo.action
    held = before.value if isinstance(before.value, Mapping) else {}
    digests = _present(connection, action).digests if held else {}
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
            sent = [_row(action, field) for field in kept]
            connection.change("PublishTranslations", "translationsRegister", id=name, translations=sent)
    return Receipt(after=_published(action, _present(connection, action)))


def _write(connection: Connection, action: PublishTranslation, standing: _Standing | None) -> Receipt:
    if standing is not None and any(standing.digests.get(f.key) != f.source_digest for f in action.fields):
        raise StaleState("The source text changed, so the translation was not published.")
    if action.redirect_from:
        _redirect(connection, action)
    held: dict[str, str] = {}
    for name, fields in _parts(action).items():
        sent = [_row(action, field) for field in fields]
        payload = connection.change("PublishTranslations", "translationsRegister", id=name, translations=sent)
        held |= {_key(action, name, row["key"]): row["value"] for row in payload.get("translations") or []}
    return Receipt(after=_snapshot(held))


def _standing(connection: Connection, actions: Sequence[PublishTranslation]) -> dict[Target, _Standing]:
    """What stands where actions write, in one look at all their objects; what is gone is absent."""
    names = dict.fromkeys(name for one in actions for name in (resource(one.resource_id), *_parts(one)))
    spots = dict.fromkeys(_spot(one) for one in actions)
    try:
        found = _looked(connection, list(names), list(spots))
    except Gone:
        middle = len(actions) // 2
        halves = [actions[:middle], actions[middle:]] if middle else []
        return {target: one for half in halves for target, one in _standing(connection, half).items()}
    return {
        one.target: _stands(one, found[_spot(one)]) for one in actions if resource(one.resource_id) in found[_spot(one)]
    }


def _looked(connection: Connection, names: Sequence[str], spots: Sequence[Spot]) -> dict[Spot, dict[str, Row]]:
    """Objects by their global ids, as they stand in each language; those that are gone are left out."""
    found: dict[Spot, dict[str, Row]] = {spot: {} for spot in spots}
    for places in batched(spots, SPOTS):
        for ids in batched(names, PART):
            data = connection.run("StandingTexts", places=len(places), ids=ids, first=len(ids), **spoken_at(places))
            for row in nodes(data.get("translatableResourcesByIds") or {}):
                for n, spot in enumerate(places):
                    one = {"source": row.get(f"source{n}"), "said": row.get(f"said{n}")}
                    found[spot][str(row.get("resourceId") or "")] = one
    return found


def _stands(action: PublishTranslation, found: Mapping[str, Row]) -> _Standing:
    own = resource(action.resource_id)
    mine = {name.removeprefix(GID): found[name] for name in _parts(action) if name in found and name != own}
    parts = {"": found[own], **mine}
    return _Standing(
        held={key: str(row["value"]) for key, row in rows(parts, "said", "source") if row.get("value")},
        digests={key: str(row.get("digest") or "") for key, row in rows(parts, "source", "source")},
    )


def _present(connection: Connection, action: PublishTranslation) -> _Standing:
    found = _standing(connection, [action]).get(action.target)
    if found is None:
        raise Gone
    return found


def _spot(action: PublishTranslation) -> Spot:
    return action.locale, action.market or MarketId("")


def _published(action: PublishTranslation, standing: _Standing) -> Snapshot:
    held = standing.held
    return _snapshot({field.key: held[field.key] for field in action.fields if field.key in held})


def _parts(action: PublishTranslation) -> dict[str, list[TranslatedField]]:
    """The action's fields by the global id of the object that holds them, the resource itself first."""
    found: dict[str, list[TranslatedField]] = {}
    for field in sorted(action.fields, key=lambda one: part_of(one.key)):
        part = part_of(field.key)
        found.setdefault(GID + part if part else resource(action.resource_id), []).append(field)
    return found


def _key(action: PublishTranslation, name: str, key: str) -> str:
    return key if name == resource(action.resource_id) else f"{key}@{name.removeprefix(GID)}"


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
