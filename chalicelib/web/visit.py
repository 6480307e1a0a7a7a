"""One request with everything a page needs to answer it: who asks, for which shop, in which language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.policy import HTTP
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit

from chalicelib.contracts import RawRequest
from chalicelib.domain.ids import ShopId
from chalicelib.domain.shop import Policy, Shop
from chalicelib.errors import NotAllowed
from chalicelib.services import Services
from chalicelib.web import session
from chalicelib.web.accounts import Account, Accounts, Person, Role, allows
from chalicelib.web.answers import Answer, address, redirect
from chalicelib.web.session import Session

MOST_FIELDS = 2000
"""Fields that one form may have; the largest of ours selects a page of proposals."""


class Missing(Exception):
    """There is no such page for this person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What a marketplace's own admin wants around an embedded page."""

    ancestors: tuple[str, ...]
    """Origins that may frame it."""
    scripts: tuple[str, ...] = ()
    """Addresses of its scripts: the only ones that come from elsewhere."""
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def origins(self) -> tuple[str, ...]:
        """Where the scripts come from, for the content policy."""
        return tuple(dict.fromkeys(f"https://{urlsplit(script).netloc}" for script in self.scripts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks, and what they may do where."""

    person: Person
    session: Session
    accounts: Sequence[Account] = ()
    operator: bool = False
    embedded: ShopId | None = None
    """Set where a marketplace's own admin shows our pages: then it is the only shop there is."""
    shell: Shell | None = None

    @property
    def email(self) -> str:
        return self.person.email

    def role(self, shop: ShopId) -> Role | None:
        """What they may do in a shop; None where it is none of their business."""
        if self.embedded is not None:
            return Role.OWNER if shop == self.embedded else None
        if self.operator:
            return Role.OWNER
        held = [a.members[self.email] for a in self.accounts if a.every_shop or shop in a.shops]
        return max(held, key=list(Role).index, default=None)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request."""

    services: Services
    request: RawRequest
    parts: Mapping[str, str] = field(default_factory=dict)
    visitor: Visitor | None = None
    shop: Shop | None = None
    policy: Policy | None = None
    language: str = "en"

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    @property
    def who(self) -> Visitor:
        """The signed-in visitor of a page that asks for one."""
        assert self.visitor is not None  # noqa: S101  the table of routes let nobody else through
        return self.visitor

    @property
    def the_shop(self) -> Shop:
        """The shop of a page that is about one."""
        assert self.shop is not None  # noqa: S101
        return self.shop

    @property
    def the_policy(self) -> Policy:
        """The policy of a page that is about one shop."""
        assert self.policy is not None  # noqa: S101
        return self.policy

    @cached_property
    def accounts(self) -> Accounts:
        """The register of accounts."""
        return Accounts(self.services.records, self.services.settings.master_key)

    @cached_property
    def form(self) -> Mapping[str, tuple[str, ...]]:
        """The form's fields, each with all of its values; files come as text. Raises NotAllowed for what is no
        form of ours."""
        if self.request.headers.get("content-type", "").startswith("multipart/form-data"):
            return {name: (data.decode("utf-8", "replace"),) for name, data in self.files.items()}
        try:
            pairs = parse_qsl(self.request.body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError as error:
            raise NotAllowed("This form could not be read.") from error
        found: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            found[name] = (*found.get(name, ()), value)
        return found

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """The parts of a form that carries files, by name (RFC 7578). Raises NotAllowed for what is none."""
        head = f"content-type: {self.request.headers.get('content-type', '')}\r\n\r\n".encode("latin-1", "replace")
        whole = message_from_bytes(head + self.request.body, policy=HTTP)
        parts = list(whole.iter_parts()) if whole.is_multipart() else []
        if not 0 < len(parts) <= MOST_FIELDS:
            raise NotAllowed("This form could not be read.")
        named = [(part.get_param("name", header="content-disposition"), part) for part in parts]
        found = {str(name): part.get_payload(decode=True) for name, part in named if name}
        return {name: data for name, data in found.items() if isinstance(data, bytes)}

    def field(self, name: str, default: str = "") -> str:
        """One value of the form, trimmed."""
        return self.form.get(name, (default,))[0].strip()

    def asked(self, name: str, default: str = "") -> str:
        """One value of the address's query."""
        return self.request.query.get(name, default)

    def may(self, role: Role) -> bool:
        """Whether the visitor may do this in the shop at hand."""
        held = self.who.role(self.the_shop.id) if self.shop is not None else None
        return held is not None and allows(held, role)

    def link(self, *parts: str, **query: str) -> str:
        """The address of a page of ours."""
        return address(urlsplit(self.services.settings.base_url).path, parts, query)

    def here(self, *parts: str, **query: str) -> str:
        """The address of a page of this shop."""
        return self.link("s", self.the_shop.id, *parts, **query)

    @property
    def csrf(self) -> str:
        """What forms on this page carry."""
        return session.csrf(self.services.settings, self.who.session.id) if self.visitor else ""

    def say(self, where: str, text: str, *, good: bool = True) -> Answer:
        """Go to a page and say something there once."""
        values = {"text": text, "mood": "good" if good else "bad"}
        sealed = session.seal(self.services.settings, "said", values, self.now + session.FLASH)
        if self.who.embedded is not None:  # inside another site's frame browsers keep no cookie of ours
            return redirect(f"{where}{'&' if '?' in where else '?'}said={sealed}")
        line = session.cookie(self.services.settings, session.SAID, sealed, session.FLASH)
        return redirect(where).with_cookies(line)

    @property
    def cookies(self) -> Mapping[str, str]:
        """The request's cookies."""
        return session.cookies_of(self.request.headers.get("cookie", ""))
