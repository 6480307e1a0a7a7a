"""Everything a use case needs, in one value. Built once per container by bootstrap."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.contracts import Credentials, Engine, Function, Marketplace, StoreClient
from chalicelib.domain.ids import FunctionName, ShopId
from chalicelib.domain.journal import Problem
from chalicelib.domain.shop import Shop
from chalicelib.inference import Cache, ShopModels
from chalicelib.ports import Blobs, Clock, Keys, Mail, Meter, Queue, Records
from chalicelib.secrets import Identities, KeyedSecrets
from chalicelib.settings import Settings
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The ground, the registers on it, and the outside."""

    settings: Settings
    records: Records
    blobs: Blobs
    queue: Queue
    schedule: Queue
    keys: Keys
    mail: Mail
    clock: Clock
    meter: Meter
    secrets: KeyedSecrets
    identities: Identities
    functions: Mapping[FunctionName, Function]
    marketplaces: Mapping[str, Marketplace]
    engines: Sequence[Engine]
    open_store: Callable[[Shop], StoreClient]
    """Connect to a shop's store with its own credentials."""
    prove: Callable[[Shop, Credentials], StoreClient]
    """Connect with credentials that are not stored yet, to see whether they work."""
    reach: Any
    """The transport itself (``integrations.http.Transport``), for stores that are not connected yet."""
    locate: Callable[[str], str]
    """The country of an internet address, or nothing."""
    model_cache: Cache
    shops: Shops
    claims: Claims
    proposals: Proposals
    journal: Journal
    catalogue: Catalogue
    history: Histories
    outcomes: Outcomes
    screenings: Screenings
    prices: Prices
    counters: Counters
    memories: Memories
    problems: Problems
    artifacts: Artifacts
    jobs: Jobs
    attempts: Attempts
    purchases: Purchases

    def models(self, shop: ShopId) -> ShopModels:
        """The models of one shop, for the length of one event."""
        return ShopModels(shop, self.artifacts, self.model_cache)

    def trouble(
        self, shop: ShopId, code: str, message: str, *, subject: str = "", urgent: bool = False
    ) -> bool:
        """Open a problem on the merchant's home page; True when it is new."""
        severity = "urgent" if urgent else "warning"
        problem = Problem(
            shop_id=shop,
            code=code,
            subject=subject,
            message=message,
            opened_at=self.clock.now(),
            severity=severity,
        )
        fresh = self.problems.open(problem)
        if fresh:
            self.meter.count("problem", code=code)
        return fresh
