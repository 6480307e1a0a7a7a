"""How a store lets us in: from a merchant's click to a connected shop.

::

    by its address   begin (look first) ──► the store's consent page ──► its keys come in ──► proven by a call
    by our app       opened in the marketplace's admin ──► its session token is exchanged
                     outside it: its consent page ──► redirect with a code ──► redeemed

A store posts its keys and waits for the answer, on a small host with the only process that could answer our
call; so keys are proven afterwards, by the worker.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from chalicelib import connecting
from chalicelib.contracts import AppConsent, Credentials, Finding, KeyConsent, Marketplace
from chalicelib.domain.events import Schedule, StoreEvent
from chalicelib.domain.ids import FunctionName, ShopId, account_of, shop_id
from chalicelib.domain.journal import Outcome
from chalicelib.domain.shop import Mode, Shop, ShopState
from chalicelib.errors import AppError, Conflict, Gone, NotAllowed, Overtaken, Retryable
from chalicelib.secrets import derive
from chalicelib.services import Services
from chalicelib.storage.attempts import Attempt, Stage
from chalicelib.web.accounts import Accounts

ACCESS_REVOKED = "access_revoked"


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a store before consent, and where to go on if nothing stands in the way."""

    store: str
    findings: Sequence[Finding]
    consent_url: str = ""


def by_keys(marketplace: Marketplace) -> KeyConsent:
    """How stores of this marketplace hand out keys. Raises Gone where they do not."""
    if marketplace.keys is None:
        raise Gone("There is no such page.")
    return marketplace.keys()


def by_app(marketplace: Marketplace) -> AppConsent:
    """How merchants of this marketplace install the app. Raises Gone where they do not."""
    if marketplace.app is None:
        raise Gone("There is no such page.")
    return marketplace.app()


# --- by its address ---------------------------------------------------------------------------------


def begin(services: Services, marketplace: Marketplace, address: str, *, by: str, account: str = "") -> Look:
    """Look at a store, and open its consent page where nothing stands in the way. Raises NotAllowed."""
    consent = by_keys(marketplace)
    store = consent.store_url(address)
    findings = consent.preflight(store, services.reach, sandbox=services.settings.sandbox)
    if not all(finding.ok for finding in findings):
        return Look(store, findings)
    nonce = secrets.token_urlsafe(24)
    attempt = Attempt(
        nonce=nonce, shop=shop_at(services, marketplace.name, store), endpoint=store, by=by, account=account,
        began_at=services.clock.now(),
    )  # fmt: skip
    services.attempts.begin(attempt)
    base = f"{services.settings.base_url}/connect/{marketplace.name}"
    return Look(store, findings, consent.authorize_url(store, nonce, f"{base}/back", f"{base}/keys"))


def shop_at(services: Services, marketplace: str, store: str) -> ShopId:
    """The shop at an address: the same address always is the same shop, whoever connects it."""
    return shop_id(marketplace, derive(services.settings.master_key, "shop", marketplace, store).hex()[:24])


def take_keys(services: Services, marketplace: Marketplace, body: bytes) -> None:
    """Take in what a consent page posts, once per attempt; a worker proves it.

    Raises:
        MalformedPayload, NotAllowed: it is none, or may not write; then the store drops the keys.
        Gone: nobody asked for it, or an answer came already.
    """
    grant = by_keys(marketplace).read_grant(body)
    attempt = services.attempts.get(grant.nonce)
    if attempt.stage is not Stage.BEGUN or not attempt.shop.startswith(f"{marketplace.name}:"):
        raise Gone("Keys were sent for this attempt already.")
    try:
        services.attempts.grant(attempt, grant.credentials)
    except Conflict as error:
        raise Gone("Keys were sent for this attempt already.") from error
    connecting.schedule(services, attempt.shop, Schedule.CONNECT, resource=grant.nonce)


def finish(services: Services, event: StoreEvent) -> Outcome:
    """Prove the keys of an attempt, connect the shop and hand it to whoever began. Raises Retryable."""
    try:
        attempt = services.attempts.get(event.resource)
    except Gone:
        return Outcome.SKIPPED
    if attempt.stage is not Stage.GRANTED:
        return Outcome.DUPLICATE
    try:
        _connect(services, attempt)
    except Conflict as error:
        raise Overtaken(detail="the account changed meanwhile") from error
    except Retryable:
        raise
    except AppError as error:
        services.attempts.end(attempt, Stage.FAILED, error.merchant_message)
        return Outcome.PROBLEM
    services.attempts.end(attempt, Stage.CONNECTED)
    return Outcome.APPLIED


def _connect(services: Services, attempt: Attempt) -> None:
    marketplace = services.marketplaces[attempt.shop.partition(":")[0]]
    credentials = services.attempts.credentials(attempt)
    shop = connecting.connect(
        services, _draft(services, attempt.shop, attempt.endpoint), credentials, by=attempt.by, modes=_modes(services)
    )
    hand_over(services, shop.id, attempt.by, attempt.account)
    facts = services.open_store(shop).facts()
    for finding in by_keys(marketplace).remarks(facts):
        if finding.ok:
            services.problems.clear(shop.id, f"store_{finding.code}")
        else:
            services.trouble(shop.id, f"store_{finding.code}", f"{finding.message} {finding.remedy}".strip())


# --- by our app -------------------------------------------------------------------------------------


def enter(services: Services, marketplace: Marketplace, domain: str, session_token: str, *, by: str) -> Shop:
    """The shop whose admin opened a page of ours; connected now if it was not, or no longer let us in.

    ``session_token`` is verified already, and names ``domain``. Raises AccessRevoked, Retryable.
    """
    name = shop_id(marketplace.name, domain)
    known = _known(services, name)
    if known is not None:
        return known
    draft = _draft(services, name, services.settings.endpoint(domain))
    mine = _app(services, marketplace)
    credentials = by_app(marketplace).exchange(draft, services.reach, *mine, session_token)
    return _admit(services, draft, credentials, by)


def ask(services: Services, marketplace: Marketplace, domain: str, state: str) -> str:
    """The consent page of a shop whose merchant is outside the admin; ``state`` comes back with the answer."""
    redirect = f"{services.settings.base_url}/connect/{marketplace.name}/back"
    client_id = services.settings.app_ids.get(marketplace.name, "")
    return by_app(marketplace).authorize_url(services.settings.endpoint(domain), client_id, redirect, state)


def redeem(services: Services, marketplace: Marketplace, domain: str, code: str, *, by: str) -> Shop:
    """Connect the shop that consent came back from. Raises AccessRevoked, Retryable."""
    draft = _draft(services, shop_id(marketplace.name, domain), services.settings.endpoint(domain))
    credentials = by_app(marketplace).redeem(draft, services.reach, *_app(services, marketplace), code)
    shop = _admit(services, draft, credentials, by)
    if "@" in by:
        hand_over(services, shop.id, by)
    return shop


def hand_over(services: Services, shop: ShopId, email: str, account: str = "") -> None:
    """Let an account of this member look after the shop: the one named, else their first, else a new one."""
    accounts = Accounts(services.records, services.settings.master_key)
    accounts.take_in(shop, email, account)


def _admit(services: Services, draft: Shop, credentials: Credentials, by: str) -> Shop:
    shop = connecting.connect(services, draft, credentials, by=by, modes=_modes(services))
    services.problems.clear(shop.id, ACCESS_REVOKED)
    return shop


def _known(services: Services, name: ShopId) -> Shop | None:
    """A shop that is connected and still lets us in."""
    try:
        shop = services.shops.get(name)
    except Gone:
        return None
    revoked = any(problem.code == ACCESS_REVOKED for problem in services.problems.all(name))
    return shop if shop.state is ShopState.CONNECTED and not revoked else None


def _app(services: Services, marketplace: Marketplace) -> tuple[str, str]:
    """Our public name at a marketplace, and the secret in force. Raises NotAllowed where there is none."""
    settings = services.settings
    known = settings.app_secrets.get(marketplace.name, ())
    if not known or not settings.app_ids.get(marketplace.name):
        raise NotAllowed(f"This deployment has no app at {marketplace.label}: set app_ids and app_secrets.")
    return settings.app_ids[marketplace.name], known[0]


def _draft(services: Services, name: ShopId, endpoint: str) -> Shop:
    """A shop of which nothing but the address is known yet."""
    host = urlsplit(endpoint).netloc if endpoint else account_of(name)
    return Shop(
        id=name, marketplace=name.partition(":")[0], name=host, endpoint=endpoint, currency="XXX",
        sandbox=services.settings.sandbox,
    )  # fmt: skip


def _modes(services: Services) -> dict[FunctionName, Mode]:
    """Everything may propose from the start, and nothing may write until somebody says so."""
    return dict.fromkeys(services.functions, Mode.PROPOSE)
