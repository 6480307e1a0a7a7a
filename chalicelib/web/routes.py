"""Every address of the pages, who may open it, and the one door they all pass through.

::

    request ──► a route? ──► who asks? ──► their shop? (404) ──► their role? (403) ──► CSRF, pace ──► page
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from chalicelib.contracts import RawRequest
from chalicelib.domain.ids import ShopId
from chalicelib.errors import AppError, Conflict, Gone, NotAllowed, Rejected, Retryable
from chalicelib.services import Services
from chalicelib.web import (
    activity,
    agency,
    assets,
    connect,
    detail,
    door,
    embedded,
    home,
    insights,
    members,
    orders,
    price_data,
    progress,
    review,
    settings,
    signing_in,
    translations,
    usage,
)
from chalicelib.web.accounts import Role
from chalicelib.web.answers import Answer, redirect, security
from chalicelib.web.rendering import failure
from chalicelib.web.visit import Missing, Visit

type Page = Callable[[Visit], Answer]

RACE = "Somebody else changed this a moment ago. Nothing of yours was saved."

ROLE = "Your role in this shop does not include that."

OPEN = None
"""Instead of a role: a page for people who have not signed in."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address: ``{name}`` stands for one part of it."""

    method: str
    path: str
    page: Page
    role: Role | None = Role.VIEWER


ROUTES = (
    Route("GET", "", home.start),
    Route("GET", "sign-in", signing_in.ask, OPEN),
    Route("POST", "sign-in", signing_in.send_link, OPEN),
    Route("GET", "sign-in/link", signing_in.confirm, OPEN),
    Route("POST", "sign-in/link", signing_in.enter, OPEN),
    Route("POST", "sign-out", signing_in.leave),
    Route("GET", "sandbox/inbox", signing_in.inbox, OPEN),
    Route("GET", "connect", connect.choose),
    Route("GET", "connect/{marketplace}", connect.start, OPEN),
    Route("POST", "connect/{marketplace}", connect.look),
    Route("POST", "connect/{marketplace}/keys", connect.keys, OPEN),
    Route("GET", "connect/{marketplace}/back", connect.back, OPEN),
    Route("GET", "connect/{marketplace}/token", embedded.fetch_token, OPEN),
    Route("GET", "shops", agency.table),
    Route("POST", "shops", agency.act),
    Route("GET", "account", members.preferences),
    Route("POST", "account", members.save_preferences),
    Route("GET", "account/{account}", members.account),
    Route("POST", "account/{account}/members", members.change_members),
    Route("POST", "account/{account}/templates", members.change_templates),
    Route("GET", "static/{file}", assets.serve, OPEN),
    Route("GET", "static/vendor/{file}", assets.serve_vendor, OPEN),
    Route("GET", "s/{shop}", home.overview),
    Route("GET", "s/{shop}/review", review.queue),
    Route("POST", "s/{shop}/review", review.bulk, Role.EDITOR),
    Route("GET", "s/{shop}/proposals/{proposal}", detail.detail),
    Route("POST", "s/{shop}/proposals/{proposal}/{deed}", detail.decide, Role.EDITOR),
    Route("GET", "s/{shop}/jobs/{job}", progress.job),
    Route("GET", "s/{shop}/settings", settings.overview),
    Route("POST", "s/{shop}/settings", settings.pause, Role.EDITOR),
    Route("GET", "s/{shop}/settings/{function}", settings.form),
    Route("POST", "s/{shop}/settings/{function}", settings.save, Role.OWNER),
    Route("GET", "s/{shop}/prices", price_data.overview),
    Route("POST", "s/{shop}/prices/matches", price_data.decide, Role.EDITOR),
    Route("POST", "s/{shop}/prices/{what}", price_data.upload, Role.EDITOR),
    Route("GET", "s/{shop}/activity", activity.entries),
    Route("POST", "s/{shop}/activity", activity.undo_day, Role.EDITOR),
    Route("GET", "s/{shop}/activity/undo", activity.ask_undo, Role.EDITOR),
    Route("GET", "s/{shop}/activity.csv", activity.export),
    Route("GET", "s/{shop}/buyers/{customer}.json", activity.held, Role.OWNER),
    Route("GET", "s/{shop}/orders", orders.waiting),
    Route("GET", "s/{shop}/orders/{order}", orders.detail),
    Route("GET", "s/{shop}/orders/{order}/record.json", orders.export),
    Route("POST", "s/{shop}/orders/{order}/{deed}", orders.decide, Role.EDITOR),
    Route("GET", "s/{shop}/insights", insights.overview),
    Route("GET", "s/{shop}/usage", usage.overview),
    Route("GET", "s/{shop}/translations", translations.overview),
    Route("POST", "s/{shop}/translations", translations.start, Role.EDITOR),
    Route("GET", "s/{shop}/translations/memory.{form}", translations.export, Role.EDITOR),
    Route("POST", "s/{shop}/translations/memory", translations.take_in, Role.EDITOR),
    Route("POST", "s/{shop}/translations/message", translations.message, Role.EDITOR),
    Route("POST", "s/{shop}/usage", usage.choose_plan, Role.OWNER),
)


def respond(services: Services, request: RawRequest) -> Answer:
    """Answer one request for a page; whatever goes wrong is answered by a page too."""
    visit = Visit(services=services, request=request)
    try:
        visit, answer = _answer(visit)
    except Missing:
        answer = failure(visit, HTTPStatus.NOT_FOUND, "There is no such page.")
    shell = visit.visitor.shell if visit.visitor else None
    secure = services.settings.base_url.startswith("https://")
    return answer.with_headers(
        security(embedding=shell.ancestors if shell else (), scripts=shell.origins if shell else (), secure=secure)
    )


def _answer(visit: Visit) -> tuple[Visit, Answer]:
    route, parts = _find(visit.request)
    visit = door.greet(replace(visit, parts=parts))
    if route.role is OPEN:
        return visit, _guarded(visit, route)
    if visit.visitor is None:
        return visit, embedded.stranger(visit) or redirect(visit.link("sign-in", to=_came_for(visit)))
    if "shop" in parts:
        visit = _into_shop(visit, ShopId(parts["shop"]))
        if not visit.may(route.role):
            return visit, failure(visit, HTTPStatus.FORBIDDEN, ROLE)
    return visit, _guarded(visit, route)


def _find(request: RawRequest) -> tuple[Route, Mapping[str, str]]:
    path = "/".join(unquote(part) for part in request.path.strip("/").split("/"))
    for route, pattern in _PATTERNS:
        match = pattern.fullmatch(path)
        if match and route.method == request.method:
            return route, match.groupdict()
    raise Missing


def _into_shop(visit: Visit, name: ShopId) -> Visit:
    """The shop, if it is one of this visitor's; otherwise nothing is said of whether it exists."""
    if visit.who.role(name) is None:
        raise Missing
    try:
        shop, policy = visit.services.shops.with_policy(name)
    except Gone as error:
        raise Missing from error
    return replace(visit, shop=shop, policy=policy)


def _guarded(visit: Visit, route: Route) -> Answer:
    """The page, its forms checked; what was expected to go wrong becomes an answer in words."""
    try:
        if visit.request.method == "POST":
            door.check_form(visit)
        return route.page(visit)
    except Gone as error:
        return failure(visit, HTTPStatus.NOT_FOUND, error.merchant_message)
    except Conflict:
        return failure(visit, HTTPStatus.CONFLICT, RACE)
    except Rejected as error:
        status = HTTPStatus.FORBIDDEN if isinstance(error, NotAllowed) else HTTPStatus.BAD_REQUEST
        return failure(visit, status, error.merchant_message)
    except Retryable as error:
        return failure(visit, HTTPStatus.SERVICE_UNAVAILABLE, error.merchant_message)
    except AppError as error:
        return failure(visit, HTTPStatus.BAD_GATEWAY, error.merchant_message)


def _came_for(visit: Visit) -> str:
    """Where to go after signing in."""
    path = urlsplit(visit.request.path).path
    return path if visit.request.method == "GET" and path != "/" else ""


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.replace(".", r"\.")))


_PATTERNS = tuple((route, _pattern(route.path)) for route in ROUTES)
