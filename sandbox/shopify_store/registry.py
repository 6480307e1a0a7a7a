"""Which function answers which field of the schema, and what access it takes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from sandbox.shopify_store.state import State

if TYPE_CHECKING:
    from sandbox.shopify_store.webhooks import Post

type Resolver = Callable[..., Any]

RESOLVERS: dict[str, Resolver] = {}
ACCESS: dict[str, tuple[str, ...]] = {}


@dataclass(slots=True, kw_only=True)
class Call:
    """One request: the shop it speaks to, what its token may do, and what it has caused so far."""

    state: State
    scopes: frozenset[str]
    app_id: int
    app_title: str
    post: "Post"
    base_url: str = ""
    bulk: bool = False
    online: bool = False
    allow_insecure_uris: bool = False
    uploads: dict[str, bytes] = field(default_factory=dict)
    touched: list[Any] = field(default_factory=list)

    def now(self) -> datetime:
        """The shop's time."""
        return self.state.now()

    def may(self, scopes: tuple[str, ...]) -> bool:
        """Whether one of the scopes is granted; the right to write includes the right to read."""
        return any(
            scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes for scope in scopes
        )


def resolves(*paths: str, access: tuple[str, ...] = ()) -> Callable[[Resolver], Resolver]:
    """Marks the function that answers ``Type.field``; ``access`` lists scopes of which one is needed."""

    def register(function: Resolver) -> Resolver:
        for path in paths:
            RESOLVERS[path] = function
            if access:
                ACCESS[path] = access
        return function

    return register


def check_access(call: Call, name: str, scopes: tuple[str, ...]) -> None:
    """Raises what Shopify answers where a token lacks a scope."""
    if not call.may(scopes):
        raise access_denied(name, " or ".join(f"`{scope}`" for scope in scopes) + " access scope.")


def access_denied(name: str, required: str) -> GraphQLError:
    """The error of a recorded denial: message, code, documentation and what would be needed."""
    return GraphQLError(
        f"Access denied for {name} field. Required access: {required}",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": required,
        },
    )


def user_error(field_path: list[str] | None, message: str, code: str | None = None) -> dict[str, Any]:
    """One entry of a payload's userErrors."""
    return {"field": field_path, "message": message, "code": code, "elementIndex": None}
