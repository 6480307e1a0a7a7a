"""The engines that a deployment has keys for: paid or slow services that answer functions' requests."""

from collections.abc import Sequence

from chalicelib.contracts import Engine
from integrations.exchange_rates.engine import ExchangeRates
from integrations.feeds.engine import Feeds
from integrations.http import Transport


def engines(
    *, deepl_key: str, deepl_url: str, transport: Transport | None, feeds: Transport | None = None
) -> Sequence[Engine]:
    """One of each that is set up; without a transport, exchange rates come from the shipped snapshot."""
    found: list[Engine] = [ExchangeRates(transport)]
    if feeds is not None:
        found.append(Feeds(feeds))
    if deepl_key:
        from integrations.deepl import engine

        found.append(engine.connect(deepl_key, deepl_url))
    return found
