"""Keeps a WooCommerce store's webhooks alive: after seven failures in a row it disables one in silence."""

from collections.abc import Sequence
from hashlib import sha256

from chalicelib.contracts import WebhookState
from integrations.woocommerce.answers import StoreWebhook
from integrations.woocommerce.connection import LARGEST_PAGE, Connection, parsed
from integrations.woocommerce.webhooks import TOPICS

_PREFIX = "Tradewind"


def listed(connection: Connection) -> list[StoreWebhook]:
    """Every subscription of the store, whoever made it."""
    found: list[StoreWebhook] = []
    while True:
        page = len(found) // LARGEST_PAGE + 1
        answer = connection.get("webhooks", per_page=LARGEST_PAGE, page=page, status="all")
        rows = parsed(list[StoreWebhook], answer.data)
        found += rows
        if len(rows) < LARGEST_PAGE:
            return found


def states(connection: Connection) -> Sequence[WebhookState]:
    """Every subscription as we speak of it."""
    return [
        WebhookState(
            id=str(row.id),
            topic=row.topic,
            address=row.delivery_url,
            active=row.status == "active",
            by_us=row.name.startswith(_PREFIX),
        )
        for row in listed(connection)
    ]


def mend(connection: Connection, address: str, secret: str) -> Sequence[str]:
    """Make one active subscription per topic exist at this address under this secret; says what it mended.

    A store never shows a secret, so its short fingerprint is kept in the subscription's name.
    """
    mark = sha256(f"webhook secret {secret}".encode()).hexdigest()[:8]
    ours = [row for row in listed(connection) if row.name.startswith(_PREFIX)]
    said: list[str] = []
    for topic in TOPICS:
        rows = [row for row in ours if row.topic == topic]
        wanted = {
            "name": f"{_PREFIX} {topic} ({mark})",
            "topic": topic,
            "delivery_url": address,
            "secret": secret,
            "status": "active",
        }
        said += _mend(connection, rows, wanted)
    return said


def remove(connection: Connection) -> None:
    """Delete every subscription that we made."""
    for row in listed(connection):
        if row.name.startswith(_PREFIX):
            connection.delete(f"webhooks/{row.id}", force="true")


def _mend(connection: Connection, rows: Sequence[StoreWebhook], wanted: dict[str, str]) -> list[str]:
    topic = wanted["topic"]
    if not rows:
        connection.post("webhooks", wanted)
        return [f"The webhook {topic} was created."]
    said = []
    kept, *doubles = rows
    if kept.status != "active":
        said.append(f"The webhook {topic} was switched off by the store and is on again.")
    if kept.delivery_url != wanted["delivery_url"]:
        said.append(f"The webhook {topic} pointed elsewhere and points here again.")
    if kept.name != wanted["name"]:
        said.append(f"The webhook {topic} has the present secret again.")
    if said:
        connection.put(f"webhooks/{kept.id}", wanted)
    for double in doubles:
        connection.delete(f"webhooks/{double.id}", force="true")
        said.append(f"A second webhook {topic} was removed.")
    return said
