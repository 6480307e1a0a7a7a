"""Our own closed words as people read them; the catalogues translate them."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from chalicelib.domain.journal import Deed
from chalicelib.domain.proposals import Status
from chalicelib.domain.screening import Ruling
from chalicelib.domain.shop import Mode, ShopState
from chalicelib.web.accounts import Role

STATUSES: Mapping[Status, str] = {
    Status.PROPOSED: "waits", Status.APPROVED: "approved", Status.APPLIED: "applied", Status.UNDONE: "undone",
    Status.DISMISSED: "dismissed", Status.EXPIRED: "expired", Status.SUPERSEDED: "replaced",
    Status.REFUSED: "refused", Status.FAILED: "failed",
}  # fmt: skip

DEEDS: Mapping[Deed, str] = {
    Deed.PROPOSED: "proposed", Deed.APPLIED: "applied", Deed.UNDONE: "undone", Deed.DISMISSED: "dismissed",
    Deed.REFUSED: "refused", Deed.FAILED: "failed", Deed.CONFLICT: "left alone", Deed.SETTINGS: "settings",
    Deed.CONNECTED: "connected", Deed.DISCONNECTED: "disconnected", Deed.ERASED: "erased",
}  # fmt: skip

MODES: Mapping[Mode, tuple[str, str]] = {
    Mode.OFF: ("Off", "Nothing is looked at and nothing is proposed."),
    Mode.SHADOW: ("Shadow", "It watches and counts what it would have earned; nothing is proposed or written."),
    Mode.PROPOSE: ("Propose", "Changes wait in the review queue until somebody decides."),
    Mode.AUTOMATIC: ("Automatic", "Changes that clear your limits are written at once; each can be undone."),
}

STATES: Mapping[ShopState, str] = {
    ShopState.CONNECTING: "connecting", ShopState.CONNECTED: "connected", ShopState.REVOKED: "access revoked",
    ShopState.UNINSTALLED: "uninstalled",
}  # fmt: skip

ROLES: Mapping[Role, str] = {
    Role.VIEWER: "Viewer: looks", Role.EDITOR: "Editor: looks and decides",
    Role.OWNER: "Owner: also changes settings and members",
}  # fmt: skip

ORDERS: Mapping[str, str] = {
    "worth": "Worth most first", "newest": "Newest first", "oldest": "Oldest first", "sure": "Surest first",
}  # fmt: skip

TALLIES: Mapping[str, str] = {
    "accepted": "Accepted by people", "characters": "Characters translated", "orders": "Orders",
}  # fmt: skip

JOBS: Mapping[str, str] = {
    "approve": "Approving", "dismiss": "Dismissing", "undo": "Undoing", "sync": "Reading the store",
    "forecast": "Forecast", "run": "Going over the catalogue", "catch_up": "Taking up what waited",
}  # fmt: skip

RULINGS: Mapping[Ruling, str] = {
    Ruling.APPROVE: "let it go", Ruling.REVIEW: "worth a look", Ruling.HOLD: "hold it and look",
}  # fmt: skip

OVERRIDES: Mapping[str, str] = {
    "released": "released", "held": "held", "dismissed": "dismissed", "cleared": "said to be fine",
    "fraud": "said to be fraud",
}  # fmt: skip

FIELDS: Mapping[str, str] = {
    "title": "Title", "name": "Name", "body_html": "Description", "description": "Description",
    "short_description": "Short description", "product_type": "Product type", "handle": "Web address",
    "meta_title": "Title for search engines", "meta_description": "Description for search engines",
    "alt": "Text for a picture", "value": "Field of your own",
    "ProductOption": "Name of an option", "ProductOptionValue": "Value of an option",
}  # fmt: skip


def field_order(key: str) -> tuple[int, str]:
    """Where people look for a field: the title first, what belongs to options and pictures last."""
    name, _, part = key.partition("@")
    known = list(FIELDS)
    kind = part.partition("/")[0] if part.partition("/")[0] in FIELDS else name
    return (known.index(kind) if kind in FIELDS else len(known)), key


def field_label(key: str) -> str:
    """A translatable field as people call it; a key that we do not know stays as the store has it."""
    name, _, part = key.partition("@")
    return FIELDS.get(part.partition("/")[0]) or FIELDS.get(name, name)


FAILURES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "That did not work", HTTPStatus.FORBIDDEN: "Not allowed",
    HTTPStatus.NOT_FOUND: "Not found", HTTPStatus.CONFLICT: "Somebody was faster",
    HTTPStatus.GONE: "No longer valid", HTTPStatus.BAD_GATEWAY: "The store said no",
    HTTPStatus.SERVICE_UNAVAILABLE: "Please try again",
}  # fmt: skip

SHOP_PAGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("home", "Home", ()), ("review", "Review", ("review",)), ("orders", "Orders", ("orders",)),
    ("activity", "Activity", ("activity",)),
    ("translations", "Languages", ("translations",)),
    ("insights", "Insights", ("insights",)), ("settings", "Settings", ("settings",)),
    ("usage", "Usage", ("usage",)),
)  # fmt: skip
"""A shop's pages in the order of its navigation: key, label, path."""


JUST_NOW = "just now"


def every() -> Iterator[str]:
    """All of them, for the catalogues."""
    yield JUST_NOW
    for table in (STATUSES, DEEDS, STATES, ROLES, ORDERS, TALLIES, JOBS, RULINGS, OVERRIDES, FIELDS, FAILURES):
        yield from table.values()
    yield from (word for pair in MODES.values() for word in pair)
    yield from (label for _, label, _ in SHOP_PAGES)
