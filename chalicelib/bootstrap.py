"""From settings and registries to Services, once per container.

The registries come from the composition roots (app.py, cli.py), so that the library itself knows no
marketplace and no function by name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.accepting import Mouth
from chalicelib.contracts import Credentials, Engine, Function, Marketplace, StoreClient
from chalicelib.domain.ids import FunctionName
from chalicelib.domain.shop import Shop
from chalicelib.errors import AccessRevoked
from chalicelib.ports import Blobs, Clock, Keys, Mail, Meter, Queue, Records
from chalicelib.secrets import Identities, KeyedSecrets
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.services import Services
    from chalicelib.storage.shops import Shops


MODELS_SHARE = 4
"""Graphs may fill one part in so many of the memory: as a session each takes twice its size, and there is the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The ports, whichever adapters stand behind them."""

    records: Records
    blobs: Blobs
    queue: Queue
    schedule: Queue
    keys: Keys
    mail: Mail
    clock: Clock
    meter: Meter


def build(
    settings: Settings, ground: Ground, functions: Mapping[FunctionName, Function],
    marketplaces: Mapping[str, Marketplace], engines: Sequence[Engine], transport: Any,
) -> "Services":  # fmt: skip
    """Everything a use case needs. Heavy: the accepting path uses ``mouth`` instead."""
    from chalicelib.adapters import ip_countries
    from chalicelib.inference import Cache
    from chalicelib.services import Services
    from chalicelib.storage.artifacts import Artifacts
    from chalicelib.storage.attempts import Attempts
    from chalicelib.storage.catalogue import Catalogue
    from chalicelib.storage.claims import Claims
    from chalicelib.storage.counters import Counters
    from chalicelib.storage.history import Histories
    from chalicelib.storage.jobs import Jobs
    from chalicelib.storage.journal import Journal
    from chalicelib.storage.memories import Memories
    from chalicelib.storage.outcomes import Outcomes
    from chalicelib.storage.prices import Prices
    from chalicelib.storage.problems import Problems
    from chalicelib.storage.proposals import Proposals
    from chalicelib.storage.purchases import Purchases
    from chalicelib.storage.screenings import Screenings
    from chalicelib.storage.shops import Shops

    records = ground.records
    shops = Shops(records, ground.keys)
    return Services(
        settings=settings, records=records, blobs=ground.blobs, queue=ground.queue, schedule=ground.schedule,
        keys=ground.keys, mail=ground.mail, clock=ground.clock, meter=ground.meter,
        secrets=keyed_secrets(settings), identities=Identities(settings.master_key),
        functions=functions, marketplaces=marketplaces, engines=engines,
        open_store=partial(_open, shops, ground, settings, marketplaces, transport),
        prove=partial(_prove, marketplaces, transport), reach=transport,
        model_cache=Cache(settings.memory_mb * 2**20 // MODELS_SHARE), shops=shops,
        claims=Claims(records), proposals=Proposals(records),
        locate=ip_countries.load(settings.ip_countries) if settings.ip_countries else ip_countries.nowhere,
        journal=Journal(records), catalogue=Catalogue(records), history=Histories(records, ground.blobs),
        outcomes=Outcomes(records), screenings=Screenings(records), prices=Prices(records), counters=Counters(records),
        memories=Memories(records), problems=Problems(records), artifacts=Artifacts(records, ground.blobs),
        jobs=Jobs(records), attempts=Attempts(records, ground.keys), purchases=Purchases(records),
    )  # fmt: skip


def mouth(
    settings: Settings, marketplaces: Mapping[str, Marketplace], queue: Queue, clock: Clock, meter: Meter
) -> Mouth:
    """All that accepting needs, and nothing that loads slowly."""
    readers = {name: marketplace.reader for name, marketplace in marketplaces.items()}
    return Mouth(readers=readers, secrets=keyed_secrets(settings), queue=queue, clock=clock, meter=meter)


def keyed_secrets(settings: Settings) -> KeyedSecrets:
    """Where webhook secrets come from."""
    return KeyedSecrets(settings.master_key, settings.secret_generation, settings.app_secrets)


def _open(
    shops: "Shops", ground: Ground, settings: Settings, marketplaces: Mapping[str, Marketplace], transport: Any,
    shop: Shop,
) -> StoreClient:  # fmt: skip
    from chalicelib.credentials import StoredCredentials

    marketplace = _marketplace(marketplaces, shop)
    refresh: Callable[[Credentials], Credentials] | None = None
    if marketplace.refresh is not None:
        refresh = partial(_refresh, marketplace.refresh, settings, shop, transport)
    source = StoredCredentials(shop.id, shops, ground.records, ground.clock, refresh)
    return marketplace.connect(shop, source, transport)


def _refresh(
    refresh: Callable[[Shop, Any, Credentials], Credentials], settings: Settings, shop: Shop, transport: Any,
    stale: Credentials,
) -> Credentials:  # fmt: skip
    """Refresh under the app secret in force: the one that was kept may have been rotated away since."""
    current = settings.app_secrets.get(shop.marketplace, ())
    if current and stale.values.get("client_id") == settings.app_ids.get(shop.marketplace):
        stale = replace(stale, values={**stale.values, "client_secret": current[0]})
    return refresh(shop, transport, stale)


def _prove(
    marketplaces: Mapping[str, Marketplace], transport: Any, shop: Shop, credentials: Credentials
) -> StoreClient:
    from chalicelib.credentials import GivenCredentials

    return _marketplace(marketplaces, shop).connect(shop, GivenCredentials(credentials), transport)


def _marketplace(marketplaces: Mapping[str, Marketplace], shop: Shop) -> Marketplace:
    if shop.marketplace not in marketplaces:
        raise AccessRevoked("This marketplace is no longer supported.")
    return marketplaces[shop.marketplace]
