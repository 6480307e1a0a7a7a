"""Many shops in one place: what waits, what is wrong, what was applied; and decisions across shops."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib import policies, schedules
from chalicelib.connecting import note
from chalicelib.domain.ids import FunctionName, ShopId
from chalicelib.domain.journal import Deed
from chalicelib.domain.shop import Mode, Policy, Shop
from chalicelib.errors import Conflict, Gone, NotAllowed
from chalicelib.storage.jobs import Job
from chalicelib.web.accounts import Account, Role, allows
from chalicelib.web.answers import Answer
from chalicelib.web.home import visible
from chalicelib.web.rendering import page
from chalicelib.web.review import COUNTED, MOST_AT_ONCE
from chalicelib.web.signing_in import ADDRESS
from chalicelib.web.visit import Visit

SHOWN = 50
COUNTED_ENTRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One shop in the table."""

    shop: Shop
    policy: Policy
    waiting: int
    problems: int
    urgent: int
    applied: int
    job: Job | None

    @property
    def waits(self) -> str:
        return f"{COUNTED}+" if self.waiting > COUNTED else str(self.waiting)

    @property
    def changes(self) -> str:
        return f"{COUNTED_ENTRIES}+" if self.applied >= COUNTED_ENTRIES else str(self.applied)

    @property
    def automatic(self) -> int:
        return sum(mode is Mode.AUTOMATIC for mode in self.policy.modes.values())


def table(visit: Visit) -> Answer:
    """The shops of this visitor, those that need somebody first."""
    names = visible(visit)
    begin = int(visit.asked("from")) if visit.asked("from").isdecimal() else 0
    wanted = visit.asked("q").casefold()
    rows = [row for name in names[begin : begin + SHOWN] if (row := _row(visit, name))]
    rows = [row for row in rows if wanted in f"{row.shop.name} {row.shop.id}".casefold()]
    rows.sort(key=lambda row: (-row.urgent, -row.problems, -row.waiting, row.shop.name))
    return page(
        visit, "shops.html", rows=rows, total=len(names), begin=begin, shown=SHOWN, wanted=visit.asked("q"),
        functions=list(visit.services.functions.values()), templates=_templates(visit),
    )  # fmt: skip


def _row(visit: Visit, name: ShopId) -> Row | None:
    services = visit.services
    try:
        shop, policy = services.shops.with_policy(name)
    except Gone:
        return None
    problems = list(services.problems.all(name))
    jobs = [job for job in services.jobs.all(name) if job.finished_at is None]
    return Row(
        shop=shop, policy=policy, waiting=_waiting(visit, name), problems=len(problems),
        urgent=sum(one.severity == "urgent" for one in problems), applied=_applied(visit, name),
        job=jobs[-1] if jobs else None,
    )  # fmt: skip


def _waiting(visit: Visit, shop: ShopId) -> int:
    found = 0
    for name in visit.services.functions:
        left = COUNTED + 1 - found
        found += sum(1 for _ in visit.services.proposals.waiting(shop, name, limit=left)) if left > 0 else 0
    return found


def _applied(visit: Visit, shop: ShopId) -> int:
    since = visit.now - timedelta(days=7)
    recent = visit.services.journal.entries(shop, until=visit.now, months=2, limit=COUNTED_ENTRIES)
    return sum(one.deed is Deed.APPLIED and one.at >= since for one in recent)


def _templates(visit: Visit) -> list[tuple[Account, str]]:
    return [(account, name) for account in visit.who.accounts for name in sorted(account.templates)]


def act(visit: Visit) -> Answer:
    """Do one thing in every selected shop that the visitor may decide in."""
    chosen = [ShopId(name) for name in visit.form.get("shop", ())]
    back = visit.link("shops")
    if not chosen:
        return visit.say(back, "Select at least one shop.", good=False)
    if visit.field("deed") == "assign":
        return visit.say(back, _assign(visit, chosen))
    template = visit.field("template")
    if visit.field("deed") == "template" and template:
        return visit.say(back, _apply_template(visit, chosen, template))
    begun = sum(_begin(visit, shop) for shop in chosen)
    return visit.say(back, f"Work has begun in {begun} of {len(chosen)} shops.", good=begun > 0)


def _assign(visit: Visit, chosen: Sequence[ShopId]) -> str:
    """Hand shops to an account: the owner's own, or a new one. Operators alone. Raises NotAllowed, Conflict."""
    email = visit.field("owner").lower()
    if not visit.who.operator:
        raise NotAllowed("Only an operator can hand shops to an account.")
    if not ADDRESS.fullmatch(email):
        raise NotAllowed("Enter an e-mail address.")
    owned = [one for one in visit.accounts.of(visit.accounts.person(email)) if one.members[email] is Role.OWNER]
    if owned:
        visit.accounts.save(replace(owned[0], shops=tuple(dict.fromkeys((*owned[0].shops, *chosen)))))
    else:
        visit.accounts.create(email.partition("@")[2], email, shops=chosen)
    for shop in chosen:
        note(visit.services, shop, Deed.SETTINGS, visit.who.email, f"handed to {email}")
    return f"{len(chosen)} shops handed to {email}, who can sign in now."


def _begin(visit: Visit, shop: ShopId) -> bool:
    """Start one shop's job; shops where there is nothing to do, or no right to, are left out."""
    held = visit.who.role(shop)
    if held is None or not allows(held, Role.EDITOR):
        return False
    name = FunctionName(visit.field("function"))
    waiting = [one.id for one in visit.services.proposals.waiting(shop, name, limit=MOST_AT_ONCE)]
    if waiting:
        schedules.start_job(
            visit.services, visit.services.shops.get(shop), visit.field("deed"), waiting, visit.who.email
        )
    return bool(waiting)


def _apply_template(visit: Visit, chosen: Sequence[ShopId], named: str) -> str:
    account_id, _, name = named.partition("|")
    account = next((one for one in visit.who.accounts if one.id == account_id), None)
    if account is None or name not in account.templates:
        return "This template does not exist any more."
    done = [shop for shop in chosen if _template_on(visit, account, name, shop)]
    if done:
        applied = {**account.applied, **dict.fromkeys(done, account.templates[name])}
        visit.accounts.save(replace(account, applied=applied))
    return f"Template “{name}” applied to {len(done)} of {len(chosen)} shops; their own settings were kept."


def _template_on(visit: Visit, account: Account, name: str, shop: ShopId) -> bool:
    """Lay a template over one shop, but for what the shop changed itself since the last time.

    A shop's own setting is one that differs from what the template said when it was applied last.
    """
    held = visit.who.role(shop)
    if held is None or not allows(held, Role.OWNER):
        return False
    services = visit.services
    runs = services.shops.policy(shop)
    wanted = policies.overlay(runs, account.templates[name], services.functions)
    last = account.applied.get(shop, "")
    if last:
        wanted = policies.keep_own(runs, wanted, policies.overlay(runs, last, services.functions))
    changes = list(policies.differences(shop, runs, wanted))
    if changes:
        try:
            services.shops.save_policy(shop, wanted)
        except Conflict:
            return False
        words = "; ".join(f"{one.path}: {one.runs} → {one.wanted}" for one in changes)
        note(services, shop, Deed.SETTINGS, visit.who.email, f"template {name}: {words}")
    return True
