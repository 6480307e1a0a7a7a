"""From values to HTML: one Jinja environment, everything escaped, every sentence through the catalogue."""

from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from gettext import NullTranslations
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from chalicelib.domain.evidence import Reason, fill
from chalicelib.domain.money import Money
from chalicelib.web import assets, languages, session, tickets, wording
from chalicelib.web.accounts import Role
from chalicelib.web.answers import Answer
from chalicelib.web.visit import Visit


@cache
def _speaking(language: str) -> Environment:
    """The environment in one language, and nobody else's: an overlay would install its translation for all."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    environment.install_gettext_translations(languages.catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


def page(visit: Visit, template: str, *, status: int = 200, **values: Any) -> Answer:
    """One template as an answer; what was to be said once is said and forgotten."""
    said = _said(visit)
    tools = {**_words(visit), **_tools(visit)}
    body = _speaking(visit.language).get_template(template).render(visit=visit, said=said, **tools, **values)
    answer = Answer(body=body, status=status)
    if said is None:
        return answer
    return answer.with_cookies(session.cookie(visit.services.settings, session.SAID, "", session.FLASH * 0))


def failure(visit: Visit, status: HTTPStatus, message: str) -> Answer:
    """A page that says what went wrong and where to go."""
    word = wording.FAILURES.get(status.value, "That did not work")
    return page(visit, "failure.html", status=status.value, message=message, status_word=translate(visit, word))


def translate(visit: Visit, reason: Reason | str) -> str:
    """A reason, or a sentence of our own, in the visitor's language."""
    known = languages.catalogue(visit.language)
    if isinstance(reason, Reason):
        return told(known, reason)
    return known.gettext(reason) if reason else ""


def told(known: NullTranslations, reason: Reason) -> str:
    """A reason by a catalogue, of one or of more."""
    text = known.ngettext(reason.text, reason.plural, reason.count) if reason.plural else known.gettext(reason.text)
    return fill(text, reason.values)


def _words(visit: Visit) -> dict[str, Callable[..., Any]]:
    """How this visitor's language writes moments, money and numbers."""
    zone = visit.shop.timezone if visit.shop else "UTC"

    def moment(at: datetime) -> Markup:
        shown = languages.moment(at, visit.language, zone)
        return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), shown)

    def ago(at: datetime) -> Markup:
        spoken = languages.ago(at, visit.now, visit.language)
        exact = languages.moment(at, visit.language, zone)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, spoken)

    def money(amount: Money) -> str:
        return languages.money(amount, visit.language)

    return {
        "moment": moment, "ago": ago, "money": money,
        "day": lambda at: languages.day(at, visit.language, zone),
        "number": lambda value: languages.number(value, visit.language),
        "percent": lambda value: languages.percent(value, visit.language),
        "chance": lambda value: languages.chance(value, visit.language),
    }  # fmt: skip


def _tools(visit: Visit) -> dict[str, Callable[..., Any]]:
    """What templates ask of this visit."""
    say = partial(translate, visit)

    def asset(name: str) -> str:
        return visit.link("static", *name.split("/"), v=assets.version(name))

    def csrf() -> Markup:
        return Markup('<input type="hidden" name="csrf" value="{}">').format(visit.csrf)

    def signed(value: float) -> str:
        sign = "+" if value > 0 else "−" if value < 0 else ""
        return f"{sign}{languages.number(abs(round(value, 1)), visit.language)} %"

    return {
        "asset": asset, "csrf": csrf, "signed": signed, "text": say,
        "ticket": lambda: tickets.issue(visit),
        "has_htmx": lambda: bool(assets.version("vendor/htmx.min.js")),
        "market_label": lambda shop: visit.services.marketplaces[shop.marketplace].label,
        "shop_pages": lambda: [(key, say(label), parts) for key, label, parts in wording.SHOP_PAGES],
        "here_is": lambda key: key == _section(visit),
        "orders": lambda: [(name, say(label)) for name, label in wording.ORDERS.items()],
        "may_edit": lambda: visit.may(Role.EDITOR), "may_own": lambda: visit.may(Role.OWNER),
        "ruling_name": lambda ruling: say(wording.RULINGS[ruling]),
        "override_name": lambda deed: say(wording.OVERRIDES.get(deed, deed)),
        "language_name": lambda locale: languages.name_of(locale, visit.language),
        "status_name": lambda status: say(wording.STATUSES[status]),
        "mode_name": lambda mode: say(wording.MODES[mode][0]),
        "mode_help": lambda mode: say(wording.MODES[mode][1]),
        "in_order": lambda fields: sorted(fields, key=lambda field: wording.field_order(field.key)),
        "field_label": lambda key: say(wording.field_label(key)),
        "job_name": lambda kind: say(wording.JOBS.get(kind, "Work")),
        "state_name": lambda state: say(wording.STATES[state]),
        "role_name": lambda role: say(wording.ROLES[role]),
        "deed_word": lambda deed: say(wording.DEEDS[deed]),
    }  # fmt: skip


def _section(visit: Visit) -> str:
    """Which entry of the navigation this page is under."""
    parts = visit.request.path.strip("/").split("/")
    section = parts[2] if len(parts) > 2 else "home"
    return "review" if section in {"proposals", "jobs"} else section


def _said(visit: Visit) -> dict[str, Any] | None:
    embedded = visit.visitor is not None and visit.visitor.embedded is not None
    text = visit.asked("said") if embedded else visit.cookies.get(session.SAID, "")
    return session.unseal(visit.services.settings, "said", text, visit.now) if text else None
