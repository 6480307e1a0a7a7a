"""One retrying HTTP client for everything that speaks to somebody else's API.

Keep-alive pools per container, timeouts, a budget of attempts and seconds, one table from answers to errors,
and nothing secret in any text: no query string, header or body ever reaches an exception or a log.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

import urllib3

from chalicelib.errors import AppError, RateLimited, Retryable, StoreUnavailable
from integrations import addresses
from integrations.answer import Answer, Explain, decoded, error_of, retry_after
from integrations.circuit import Circuits
from integrations.pace import Paces

# urllib3 writes every URL, and with it keys in the query, to its log at DEBUG; nobody needs that.
logging.getLogger("urllib3.connectionpool").addFilter(lambda record: record.levelno > logging.DEBUG)

_CHUNK = 64 * 1024
_RETRIED_METHODS = frozenset({"GET", "HEAD", "PUT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much one call may cost, retries included."""

    attempts: int = 4
    seconds: float = 20.0
    connect_s: float = 5.0
    read_s: float = 30.0
    max_bytes: int = 20_000_000
    """Decoded size of an answer; more is refused."""
    backoff_s: float = 0.5
    """Expected wait before the first retry; doubles each time."""


@dataclass(frozen=True, slots=True)
class Window:
    """Bytes ``offset`` to ``offset + size`` of a file."""

    offset: int
    size: int

    @property
    def header(self) -> str:
        """The Range header (RFC 9110 section 14.2)."""
        return f"bytes={self.offset}-{self.offset + self.size - 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. ``what`` names it in errors and logs, where the URL never appears."""

    method: str
    url: str | Callable[[], str] = field(repr=False)
    """A function where every attempt needs an address of its own (a signature with a nonce)."""
    what: str
    shop: str
    """Whose breaker it counts against."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    idempotent: bool = False
    """Whether a POST may be sent again when its answer was lost."""
    sandbox: bool = False
    """Whether this shop is a sandbox; counts only where the transport allows sandboxes."""
    json: bool = True
    """Whether the answer must be JSON."""
    window: Window | None = None
    """The part of a large file that is wanted, in place of the whole answer."""
    budget: Budget | None = None


class Transport:
    """Sends calls. One per container; it holds connections and breakers, and no credentials."""

    def __init__(
        self,
        *,
        sandbox: bool = False,
        budget: Budget = Budget(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        resolver: addresses.Resolve = addresses.resolve,
        circuits: Circuits | None = None,
        observe: Callable[[str, int, float], None] = lambda what, status, seconds: None,
        ca_certs: str | None = None,
    ) -> None:
        self._sandbox, self._budget = sandbox, budget
        self._clock, self._sleep, self._jitter = clock, sleep, jitter
        self._resolver, self._observe = resolver, observe
        self.circuits = circuits or Circuits(clock=clock)
        self.paces = Paces(clock=clock, sleep=sleep)
        self._pools = urllib3.PoolManager(num_pools=64, maxsize=4, block=False, ca_certs=ca_certs)
        self._lock = Lock()

    def send(self, call: Call, explain: Explain | None = None) -> Answer:
        """Send, retry within the budget, and return a success. Raises the errors of chalicelib.errors.

        GET and PUT are retried on 429, 5xx and network errors; POST only when it is idempotent.
        """
        budget = call.budget or self._budget
        deadline = self._clock() + budget.seconds
        attempt = 0
        while True:
            attempt += 1
            outcome = self._attempt(call, budget, deadline, explain)
            if isinstance(outcome, Answer):
                return outcome
            wait = self._wait(outcome, attempt, budget)
            again = call.method in _RETRIED_METHODS or call.idempotent
            spent = attempt >= budget.attempts or self._clock() + wait >= deadline
            if spent or not again or not isinstance(outcome, Retryable) or self.circuits.open(call.shop):
                raise outcome
            self._sleep(wait)

    def now(self) -> float:
        """Seconds by the transport's own monotonic clock."""
        return self._clock()

    def pause(self, seconds: float) -> None:
        """Wait, by the transport's own clock."""
        self._sleep(seconds)

    def close(self) -> None:
        """Close every idle connection."""
        self._pools.clear()

    def _wait(self, error: AppError, attempt: int, budget: Budget) -> float:
        """Exponential with full jitter, but never shorter than the store asks."""
        backoff = budget.backoff_s * float(2**attempt) * self._jitter()
        return max(backoff, error.after) if isinstance(error, RateLimited) else backoff

    def _attempt(
        self, call: Call, budget: Budget, deadline: float, explain: Explain | None
    ) -> Answer | AppError:
        self.circuits.enter(call.shop)
        self.paces.wait(call.shop)
        began = self._clock()
        outcome = self._exchange(call, budget, deadline)
        status = outcome.status if isinstance(outcome, Answer) else 0
        self._observe(call.what, status, self._clock() - began)
        verdict = _judge(outcome, call, explain) if isinstance(outcome, Answer) else outcome
        self.paces.learn(call.shop, verdict if isinstance(verdict, AppError) else None)
        if isinstance(verdict, StoreUnavailable):
            self.circuits.failed(call.shop)
        else:
            self.circuits.succeeded(call.shop)
        return verdict

    def _exchange(self, call: Call, budget: Budget, deadline: float) -> Answer | AppError:
        """One request to the checked addresses, in order until one connects.

        The cause of a failure is reduced to its type: urllib3's messages hold the URL, and with it keys.
        """
        url = call.url if isinstance(call.url, str) else call.url()
        try:
            place = addresses.check(url, sandbox=call.sandbox and self._sandbox, resolver=self._resolver)
        except AppError as error:
            return error
        reason = ""
        for address in place.addresses[:4]:
            try:
                return self._converse(call, place, address, budget, deadline)
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
                reason = type(error).__name__
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                reason = type(error).__name__
                break
        return StoreUnavailable(detail=f"{call.what}: {reason}")

    def _converse(
        self, call: Call, place: addresses.Destination, address: str, budget: Budget, deadline: float
    ) -> Answer:
        left = max(deadline - self._clock(), 0.1)
        response = self._pool(place, address).urlopen(
            call.method,
            place.path,
            body=call.body,
            headers=_headers(call, place),
            retries=False,
            redirect=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=min(budget.connect_s, left), read=min(budget.read_s, left)),
        )
        try:
            body = self._read(response, budget, deadline, call.window)
        except BaseException:
            response.close()
            raise
        _let_go(response)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status, headers=headers, body=body, data=decoded(body))

    def _read(
        self, response: urllib3.BaseHTTPResponse, budget: Budget, deadline: float, window: Window | None
    ) -> bytes:
        """The body, within the cap and the deadline (a store may drip one byte at a time)."""
        skip = window.offset if window and response.status == 200 else 0  # this server knows no ranges
        body = bytearray()
        while chunk := response.read1(_CHUNK, decode_content=True):
            body += chunk[skip:]
            skip = max(skip - len(chunk), 0)
            if window and len(body) >= window.size:
                return bytes(body[: window.size])
            if len(body) > budget.max_bytes:
                raise ValueError("an answer over the size cap")
            if self._clock() > deadline:
                raise ValueError("an answer that takes too long")
        return bytes(body)

    def _pool(self, place: addresses.Destination, address: str) -> urllib3.HTTPConnectionPool:
        """The pool for one checked address, with the certificate checked against the name."""
        tls = (
            {"server_hostname": place.host, "assert_hostname": place.host} if place.scheme == "https" else {}
        )
        with self._lock:
            return self._pools.connection_from_host(
                address, place.port, place.scheme, pool_kwargs=tls or None
            )


def _headers(call: Call, place: addresses.Destination) -> dict[str, str]:
    """The caller's headers and ours; a window of a compressed file would be a window of another file."""
    if call.window is not None:
        return {**call.headers, "host": place.authority, "range": call.window.header}
    return {"accept-encoding": "gzip", **call.headers, "host": place.authority}


def _let_go(response: urllib3.BaseHTTPResponse) -> None:
    """Keep the connection if its answer was read to the end, close it otherwise."""
    if getattr(response, "length_remaining", 0):
        response.close()
    response.release_conn()


def _judge(answer: Answer, call: Call, explain: Explain | None) -> Answer | AppError:
    """The answer itself when it is a success; else an error that says which call failed."""
    error = (explain(answer) if explain else None) or error_of(answer)
    if error is None and call.json and answer.data is None:
        error = StoreUnavailable(detail="an answer that is not JSON")
    if error is None:
        return answer
    error.detail = f"{call.what}: {error.detail}" if error.detail else call.what
    return error


__all__ = [
    "Answer",
    "Budget",
    "Call",
    "Explain",
    "Transport",
    "Window",
    "error_of",
    "retry_after",
]
