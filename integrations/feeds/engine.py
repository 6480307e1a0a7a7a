"""Files fetched from a merchant's address, through the guard that every foreign address passes."""

from chalicelib.contracts import EngineRequest, FetchFile
from chalicelib.domain.ids import EventId, ShopId
from chalicelib.errors import NotAllowed, UnsupportedAction
from integrations.http import Budget, Call, Transport

BUDGET = Budget(attempts=3, seconds=30.0, max_bytes=5_000_000)


class Feeds:
    """Fetches files over https from public addresses, without redirects, capped in size and time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def answers(self, request: EngineRequest) -> bool:
        return isinstance(request, FetchFile)

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> bytes:
        """The file's bytes. Raises the errors of the transport: NotAllowed, Retryable, Skipped."""
        if not isinstance(request, FetchFile):
            raise UnsupportedAction("This engine fetches files and nothing else.")
        call = Call(
            method="GET", url=request.url, what="competitor feed", shop=f"feed|{shop}", json=False,
            sandbox=request.sandbox, budget=BUDGET, headers={"accept": "text/csv, text/plain;q=0.9, */*;q=0.1"},
        )  # fmt: skip
        try:
            return self._transport.send(call).body
        except NotAllowed as error:
            raise NotAllowed("The feed's address must begin with https:// and be reachable by anybody.") from error
