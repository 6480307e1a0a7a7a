"""One REST call as a handler sees it, and its answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.woocommerce_store.listing import Listings
from sandbox.woocommerce_store.outbox import Outbox
from sandbox.woocommerce_store.shop import Shop


@dataclass(slots=True, kw_only=True)
class Backroom:
    """What every handler may use."""

    shop: Shop
    outbox: Outbox
    listings: Listings = field(default_factory=Listings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: query and body kept apart, ``params`` both together, the body winning."""

    method: str
    query: dict[str, Any]
    body: dict[str, Any]
    ids: tuple[int, ...] = ()

    @property
    def params(self) -> dict[str, Any]:
        """Give query and body together, as WP_REST_Request does."""
        return {**self.query, **self.body}

    @property
    def force(self) -> bool:
        """Say whether the caller wants a deletion that skips the trash."""
        return str(self.params.get("force", "")).lower() in {"1", "true"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after: Callable[[], None] | None = None


Handler = Callable[[Backroom, Call], Answer]


def created(room: Backroom, path: str, body: dict[str, Any]) -> Answer:
    """Give 201 with a Location."""
    return Answer(body, 201, {"Location": room.shop.site.rest(path)})
