"""One's own preferences, and the members and templates of an account."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

from chalicelib import policies
from chalicelib.domain.shop import Policy
from chalicelib.errors import NotAllowed
from chalicelib.ports import Key, Record
from chalicelib.web import languages, post
from chalicelib.web.accounts import Account, Role, allows
from chalicelib.web.answers import Answer
from chalicelib.web.rendering import page
from chalicelib.web.signing_in import ADDRESS
from chalicelib.web.visit import Missing, Visit

LARGEST_TEMPLATE = 20_000
REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class Act:
    """One act in an account's own log."""

    at: str
    by: str
    what: str


def preferences(visit: Visit) -> Answer:
    """Language, mails, and the accounts one belongs to."""
    _standalone(visit)
    return page(visit, "preferences.html", languages=languages.LANGUAGES, person=visit.who.person)


def save_preferences(visit: Visit) -> Answer:
    """Write one's own preferences, or end every session."""
    _standalone(visit)
    person = visit.accounts.person(visit.who.email)
    if visit.field("deed") == "everywhere":
        visit.accounts.save_person(replace(person, signed_out_at=visit.now.isoformat()))
        return visit.say(visit.link("sign-in"), "You are signed out on every device.")
    language = visit.field("language")
    changed = replace(
        person, language=language if language in languages.LANGUAGES else "",
        digest=visit.field("digest") == "1", urgent=visit.field("urgent") == "1",
    )  # fmt: skip
    visit.accounts.save_person(changed)
    return visit.say(visit.link("account"), "Saved.")


def account(visit: Visit) -> Answer:
    """Members, templates and the log of one account."""
    return _show(visit, _account(visit))


def _show(visit: Visit, found: Account, *, status: int = 200, wrong: str = "") -> Answer:
    mine = found.members[visit.who.email]
    return page(
        visit, "account.html", status=status, account=found, roles=tuple(Role), mine=mine, wrong=wrong,
        owner=allows(mine, Role.OWNER), log=list(_log(visit, found)),
        name=visit.field("name"), typed=visit.field("text"),
    )  # fmt: skip


def change_members(visit: Visit) -> Answer:
    """Invite somebody, change a role, or take somebody out; an account keeps at least one owner."""
    found = _owned(visit)
    email = visit.field("email").lower()
    if not ADDRESS.fullmatch(email):
        return _show(visit, found, status=HTTPStatus.UNPROCESSABLE_ENTITY, wrong="Enter an e-mail address.")
    role = visit.field("role")
    left = {k: v for k, v in {**found.members, email: role}.items() if v == Role.OWNER}
    if not left:
        return _show(visit, found, status=HTTPStatus.CONFLICT, wrong="An account needs at least one owner.")
    if role in Role:
        visit.accounts.invite(found, email, Role(role))
        _invite(visit, found, email)
        _write(visit, found, f"{email} is {role}")
    else:
        visit.accounts.remove(found, email)
        _write(visit, found, f"{email} was removed")
    return visit.say(visit.link("account", found.id), "Saved.")


def _invite(visit: Visit, found: Account, email: str) -> None:
    if email in found.members:
        return
    text = (
        f"{visit.who.email} invites you to look after the shops of {found.name} in Tradewind.\n\n"
        f"Sign in with this address: {visit.services.settings.base_url}/sign-in\n"
    )
    post.send(visit.services, email, f"Invitation to {found.name}", text)


def change_templates(visit: Visit) -> Answer:
    """Write or delete a policy template; it is read whole before it is kept."""
    found, name, text = _owned(visit), visit.field("name")[:60], visit.form.get("text", ("",))[0]
    if visit.field("deed") == "delete":
        kept = {k: v for k, v in found.templates.items() if k != name}
        visit.accounts.save(replace(found, templates=kept))
        _write(visit, found, f"template {name} deleted")
        return visit.say(visit.link("account", found.id), "Deleted.")
    wrong = _wrong(visit, name, text)
    if wrong:
        return _show(visit, found, status=HTTPStatus.UNPROCESSABLE_ENTITY, wrong=wrong)
    visit.accounts.save(replace(found, templates={**found.templates, name: text.replace("\r\n", "\n")}))
    _write(visit, found, f"template {name} saved")
    return visit.say(visit.link("account", found.id), "Saved. Apply it on the page of all shops.")


def _wrong(visit: Visit, name: str, text: str) -> str:
    if not name or len(text) > LARGEST_TEMPLATE:
        return "A template needs a name and at most 20,000 characters."
    try:
        policies.overlay(Policy(), text, visit.services.functions)
    except policies.WrongFile as error:
        return error.merchant_message
    return ""


def _account(visit: Visit) -> Account:
    """An account of the visitor's own; another's does not exist for them."""
    _standalone(visit)
    found = next((one for one in visit.who.accounts if one.id == visit.parts["account"]), None)
    if found is None:
        raise Missing
    return found


def _owned(visit: Visit) -> Account:
    found = _account(visit)
    if not allows(found.members[visit.who.email], Role.OWNER):
        raise NotAllowed("Only an owner can change that.")
    return found


def _standalone(visit: Visit) -> None:
    """Inside a marketplace's admin its own users are managed, not ours."""
    if visit.who.embedded is not None:
        raise Missing


def _write(visit: Visit, found: Account, what: str) -> None:
    body = {"at": visit.now.isoformat(), "by": visit.who.email, "what": what}
    key = Key(f"account:{found.id}#log#0", f"{visit.now.isoformat()}~{uuid.uuid4().hex[:6]}")
    visit.services.records.put(Record(key=key, body=body))


def _log(visit: Visit, found: Account) -> Iterator[Act]:
    for record in visit.services.records.query(f"account:{found.id}#log#0", reverse=True, limit=REMEMBERED):
        yield Act(**record.body)
