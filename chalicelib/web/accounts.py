"""Accounts: the people of a merchant or an agency, their roles, and the shops they look after.

One record per account, so that a change of members is one conditional write; one record per person lists the
accounts, so that a page needs two reads to know who is asking.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from chalicelib.domain.ids import ShopId
from chalicelib.ports import Key, Record, Records
from chalicelib.secrets import derive
from chalicelib.storage.codec import from_json, to_json


class Role(StrEnum):
    """What a member may do: look, decide, or change who may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


_RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.OWNER: 2}


def allows(held: Role, needed: Role) -> bool:
    """Whether a role includes another."""
    return _RANK[held] >= _RANK[needed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A merchant or an agency."""

    id: str
    name: str
    members: Mapping[str, Role] = field(default_factory=dict)
    shops: tuple[ShopId, ...] = ()
    every_shop: bool = False
    """The sandbox's own account, and nobody else's: it looks after whatever is connected."""
    applied: Mapping[ShopId, str] = field(default_factory=dict)
    """Per shop, the template's text as it was applied last: what differs from it is the shop's own."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """Policies by name, as configuration text."""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who signs in, and how they want to be spoken to."""

    email: str
    accounts: tuple[str, ...] = ()
    language: str = ""
    digest: bool = True
    urgent: bool = True
    signed_out_at: str = ""
    """Sessions that began before then are over."""


_LISTED = "people#accounts#0"


class Accounts:
    """Accounts and people of one deployment."""

    def __init__(self, records: Records, master: bytes) -> None:
        self._records = records
        self._key = derive(master, "people")

    def person(self, email: str) -> Person:
        """Somebody by address; a stranger is a person without accounts."""
        record = self._records.get(self._place(email))
        return Person(email=email) if record is None else from_json(record.body, Person)

    def save_person(self, person: Person) -> None:
        """Write a person's preferences."""
        self._records.put(Record(key=self._place(person.email), body=to_json(person)))

    def of(self, person: Person) -> Sequence[Account]:
        """The accounts that name this person as a member."""
        found = self._records.get_many([_account(name) for name in person.accounts])
        accounts = [_read(record) for record in found.values()]
        return sorted((a for a in accounts if person.email in a.members), key=lambda a: (a.name, a.id))

    def create(self, name: str, owner: str, *, shops: Sequence[ShopId] = (), every_shop: bool = False) -> Account:
        """A new account with its first owner."""
        account = Account(
            id=secrets.token_hex(8), name=name, members={owner: Role.OWNER}, shops=tuple(shops),
            every_shop=every_shop,
        )  # fmt: skip
        saved = self.save(account)
        self._records.put(Record(key=Key(_LISTED, account.id), body={}))
        self._enlist(owner, account.id)
        return saved

    def save(self, account: Account) -> Account:
        """Write an account that was read at ``account.version``. Raises Conflict."""
        record = Record(key=_account(account.id), body=to_json(replace(account, version=0)))
        return replace(account, version=self._records.put(record, account.version).version)

    def take_in(self, shop: ShopId, email: str, account: str = "") -> None:
        """Let an account that this member owns look after a shop: the one named, else the first, else a new one.

        An account that looks after every shop needs no entry. Raises Conflict when somebody changed it meanwhile.
        """
        owned = [one for one in self.of(self.person(email)) if one.members[email] is Role.OWNER]
        chosen = next((one for one in owned if one.id == account), owned[0] if owned else None)
        if chosen is None:
            self.create(email.partition("@")[2], email, shops=[shop])
        elif shop not in chosen.shops and not chosen.every_shop:
            self.save(replace(chosen, shops=(*chosen.shops, shop)))

    def let_go(self, shop: ShopId) -> None:
        """No account looks after this shop any more."""
        for record in list(self._records.query(_LISTED)):
            account = next(map(_read, self._records.get_many([_account(record.key.sort)]).values()), None)
            if account is not None and (shop in account.shops or shop in account.applied):
                applied = {name: text for name, text in account.applied.items() if name != shop}
                self.save(replace(account, shops=tuple(s for s in account.shops if s != shop), applied=applied))

    def invite(self, account: Account, email: str, role: Role) -> Account:
        """Add a member or change a role. Raises Conflict."""
        saved = self.save(replace(account, members={**account.members, email: role}))
        self._enlist(email, account.id)
        return saved

    def remove(self, account: Account, email: str) -> Account:
        """Take a member out. Raises Conflict."""
        return self.save(replace(account, members={k: v for k, v in account.members.items() if k != email}))

    def claim_first(self) -> bool:
        """Whether this is the first sign-in of a deployment, asked once."""
        return self._records.add(Key("people#first#0", "owner"), ceiling=1) is not None

    def looking_after(self, shop: ShopId) -> Iterator[Person]:
        """Members of the accounts that look after a shop, for mails."""
        listed = [_account(record.key.sort) for record in self._records.query(_LISTED)]
        for record in self._records.get_many(listed).values():
            account = _read(record)
            if account.every_shop or shop in account.shops:
                yield from (self.person(email) for email in account.members)

    def _enlist(self, email: str, account: str) -> None:
        person = self.person(email)
        if account not in person.accounts:
            self.save_person(replace(person, accounts=(*person.accounts, account)))

    def _place(self, email: str) -> Key:
        name = hmac.new(self._key, email.encode(), hashlib.sha256).hexdigest()[:32]
        return Key("people#person#0", name)


def _account(name: str) -> Key:
    return Key(f"account:{name}#account#0", "account")


def _read(record: Record) -> Account:
    body: Any = record.body
    return replace(from_json(body, Account), version=record.version)
