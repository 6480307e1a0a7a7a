"""Exchange rates for the pipeline: fetched once a day and container, or from the snapshot where there is no
network."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from chalicelib.contracts import EngineRequest, FetchRates
from chalicelib.domain.ids import EventId, ShopId
from chalicelib.errors import StoreUnavailable, UnsupportedAction
from integrations.exchange_rates.daily import Rates, parse, snapshot
from integrations.http import Call, Transport

FEED = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"
OLDEST_DAYS = 10
"""A feed this old is broken; Easter and Christmas leave gaps of five days."""


class ExchangeRates:
    """Reference rates of the European Central Bank. Safe to keep for the life of a container."""

    def __init__(
        self,
        transport: Transport | None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        feed: str = FEED,
    ) -> None:
        """Without a transport the shipped snapshot answers, whatever its age."""
        self._transport = transport
        self._clock = clock
        self._feed = feed
        self._held: tuple[datetime, Rates] | None = None

    def answers(self, request: EngineRequest) -> bool:
        return isinstance(request, FetchRates)

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> Mapping[str, str]:
        """Units of each currency for one of the base, as decimal texts.

        Raises:
            StoreUnavailable: the feed does not answer, or not sensibly; later may work.
            UnsupportedAction: the base currency has no reference rate.
        """
        if not isinstance(request, FetchRates):
            raise UnsupportedAction("This engine knows exchange rates and nothing else.")
        found = self._rates().convert(request.base, request.currencies)
        if not found:
            raise UnsupportedAction(f"There is no reference rate for {request.base}.")
        return found

    def _rates(self) -> Rates:
        if self._transport is None:
            return snapshot()
        now = self._clock()
        if self._held is None or self._held[0].date() != now.date():
            self._held = (now, self._fetched(self._transport, now))
        return self._held[1]

    def _fetched(self, transport: Transport, now: datetime) -> Rates:
        call = Call(method="GET", url=self._feed, what="exchange rates", shop="exchange_rates", json=False)
        try:
            rates = parse(transport.send(call).body)
        except ValueError as error:
            raise StoreUnavailable(
                "The exchange-rate feed does not answer sensibly.", detail=str(error)
            ) from error
        if (now.date() - rates.day).days > OLDEST_DAYS:
            raise StoreUnavailable("The exchange-rate feed is out of date.", detail=str(rates.day))
        return rates
