"""A shop's languages: what they cover, what the rest would cost, the memory behind them, single messages."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from chalicelib import asking, errands, runs
from chalicelib.contracts import Capability, Said
from chalicelib.domain.actions import PublishTranslation
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import FunctionName, Locale
from chalicelib.domain.shop import Mode, Units
from chalicelib.errors import AppError, NotAllowed, UnsupportedAction
from chalicelib.storage.jobs import Job
from chalicelib.web import insights
from chalicelib.web.answers import Answer, redirect
from chalicelib.web.rendering import page, translate
from chalicelib.web.usage import Allowance
from chalicelib.web.visit import Visit

MOST_WAITING, SHOWN_JOBS = 5_000, 5
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_KINDS = {"tmx": "application/xml; charset=utf-8", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the shop: how far it is, and what it needs to be published without a person."""

    locale: Locale
    published: int
    waiting: int
    quality: Decimal
    conflicts: Sequence[Reason] = ()
    """What in its glossary contradicts itself, and is not used until that is mended."""


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier forecast or run with its bill."""

    job: Job
    bill: runs.Bill


def overview(visit: Visit) -> Answer:
    """Everything about a shop's languages."""
    return _page(visit)


def _page(visit: Visit, *, said: Said | None = None, typed: str = "") -> Answer:
    marketplace = visit.services.marketplaces[visit.the_shop.marketplace]
    abilities = marketplace.abilities(visit.the_shop)
    advice = marketplace.advice.get(Capability.TRANSLATIONS, "")
    covered = insights.coverage(visit)
    limits = visit.the_policy.translations
    spent = visit.services.counters.total(visit.the_shop.id, asking.spent_in(visit.now))
    return page(
        visit, "translations.html", able=Capability.TRANSLATIONS in abilities, advice=advice,
        gap=marketplace.gaps.get(Capability.TRANSLATIONS, ""), local=_local(visit),
        languages=_languages(visit, covered.languages), products=covered.products, past=_past(visit),
        allowance=Allowance("Characters translated", spent, limits.characters_per_month, "this month"),
        cost=runs.cost_of(spent, visit.the_policy), on=_on(visit), answer=said, typed=typed,
        function=_function(visit),
    )  # fmt: skip


def _function(visit: Visit) -> str:
    found = (f.name for f in visit.services.functions.values() if Capability.TRANSLATIONS in f.capabilities)
    return next(found, "")


def _on(visit: Visit) -> bool:
    return visit.the_policy.mode(FunctionName(_function(visit))) is not Mode.OFF


def _locales(visit: Visit) -> Sequence[Locale]:
    wanted = (*visit.the_policy.translations.locales, *visit.the_shop.locales)
    own = visit.the_shop.primary_locale.lower()
    return [locale for locale in dict.fromkeys(wanted) if locale.lower() != own]


def _languages(visit: Visit, published: Mapping[str, int]) -> list[Language]:
    waiting: Counter[str] = Counter()
    queue = visit.services.proposals.waiting(visit.the_shop.id, FunctionName(_function(visit)))
    for proposal in islice(queue, MOST_WAITING):
        if isinstance(proposal.action, PublishTranslation):
            waiting[proposal.action.locale] += 1
    limits = visit.the_policy.translations
    return [
        Language(
            locale, published.get(locale, 0), waiting[locale], limits.quality_for(locale),
            errands.conflicts(visit.services, visit.the_shop, visit.the_policy, locale),
        )
        for locale in _locales(visit)
    ]  # fmt: skip


def _local(visit: Visit) -> list[tuple[str, Units, bool]]:
    """Markets with units of their own, and whether the store has a market of that name."""
    said, known = visit.the_policy.translations.market_units.items(), visit.the_shop.markets
    return [(name, units, any(market.called(name) for market in known)) for name, units in said]


def _past(visit: Visit) -> list[Past]:
    found = [job for job in visit.services.jobs.all(visit.the_shop.id) if job.kind in runs.KINDS]
    newest = sorted(found, key=lambda job: job.started_at, reverse=True)[:SHOWN_JOBS]
    return [Past(job, runs.bill(visit.services, job, visit.the_policy)) for job in newest]


def start(visit: Visit) -> Answer:
    """Begin a forecast, or the work itself; both go on without the page."""
    kind = visit.field("kind")
    if kind not in {runs.FORECAST, runs.RUN}:
        raise NotAllowed("Ask for a forecast or for the work itself.")
    locales = _chosen(visit)
    name = FunctionName(_function(visit))
    job = runs.start(visit.services, visit.the_shop, kind, name, locales, visit.who.email)
    return redirect(visit.here("jobs", job.id))


def _chosen(visit: Visit) -> list[Locale]:
    more = [part.strip() for part in visit.field("more").split(",") if part.strip()]
    found = list(dict.fromkeys([*visit.form.get("locale", ()), *more]))
    wrong = [one for one in found if not _LOCALE.fullmatch(one)]
    if wrong:
        raise NotAllowed(f"“{wrong[0]}” is no language code. Write for example fr, or pt-BR.")
    return [Locale(one) for one in found]


def export(visit: Visit) -> Answer:
    """The translation memory as a file."""
    form = visit.parts["form"]
    body = errands.export_memory(visit.services, visit.the_shop, form)
    name = {"Content-Disposition": f'attachment; filename="translation-memory.{form}"'}
    return Answer(body=body, kind=_KINDS[form], extra=name)


def take_in(visit: Visit) -> Answer:
    """Another tool's translations, or our own after somebody worked on them."""
    document, form = visit.field("document"), visit.field("form")
    taken = errands.import_memory(visit.services, visit.the_shop, visit.the_policy, document, form)
    words = f"{len(taken.entries)} sentences were taken into the memory."
    if taken.left:
        words += f" {taken.left} were left out: another language, several sentences in one, or other placeholders."
    return visit.say(visit.here("translations"), words, good=bool(taken.entries))


def message(visit: Visit) -> Answer:
    """A review or a customer's message in another language, as a page, or as JSON where that is asked for."""
    text, source, target = visit.field("text"), Locale(visit.field("source")), Locale(visit.field("target"))
    wants_json = "application/json" in visit.request.headers.get("accept", "")
    if not _LOCALE.fullmatch(target) or (source and not _LOCALE.fullmatch(source)):
        raise NotAllowed("Choose the language to translate into.")
    try:
        said = errands.translate(visit.services, visit.the_shop, visit.the_policy, text, source, target)
    except AppError as error:
        if isinstance(error, UnsupportedAction) or not wants_json:
            raise
        return _json({"error": error.merchant_message}, 503)
    if wants_json:
        return _json({"text": said.text, "reasons": [translate(visit, reason) for reason in said.reasons]})
    return _page(visit, said=said, typed=text)


def _json(body: Mapping[str, object], status: int = 200) -> Answer:
    return Answer(body=json.dumps(body, ensure_ascii=False), status=status, kind="application/json")
