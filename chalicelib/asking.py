"""Asking the engines: counted before it is spent, kept the moment it arrives, stopped where money ends.

::

    kept from an earlier attempt? ──yes──► used again, free of charge
      no │
    room in the month? ──no──► nothing is asked, the merchant is told, what is left waits
      yes │ (counted now)
    asked ──answer──► kept at once, so that a crash afterwards does not pay again
      └────error────► given back, unless the engine may have done its work

What can be paid twice is therefore the one request in flight (at most 50 texts or 60,000 bytes) when a worker
dies between the engine's answer and our own write of it, and requests whose answers were lost on the way.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.contracts import Answers, Context, EngineRequest, FetchFile, FetchRates, TranslateTexts
from chalicelib.errors import AnswerLost, AppError, NeedsMerchant, QuotaReached, Retryable, Skipped, UnsupportedAction
from chalicelib.services import Services

KEPT = timedelta(days=3)
"""How long an answer waits for the attempt that uses it: redelivery ends long before."""
ENGINE = "engine"
"""The subject of problems that stop an engine; they clear once it answers again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the engines said. ``again``: trying later may answer more; ``stopped``: only the merchant can mend it."""

    answers: Answers
    again: Retryable | None = None
    stopped: NeedsMerchant | None = None
    characters: int = 0
    """What was spent on it, in characters."""


def ask(
    services: Services, context: Context, requests: Sequence[EngineRequest], *, keep: bool = True
) -> Asked:
    """Put requests to the engines. What cannot be answered is said, and the rest goes on.

    Without ``keep`` nothing of requests and answers is stored: a buyer's words are not ours to keep.
    """
    round_ = _Round(services, context, _kept(services, context, requests) if keep else None)
    for request in requests:
        round_.put(request)
    answers = Answers(texts=round_.texts, rates=round_.rates, failed=round_.failed)
    return Asked(answers, round_.again, round_.stopped, round_.characters)


class _Round:
    """One function's requests on one event."""

    def __init__(self, services: Services, context: Context, kept: Mapping[str, str] | None) -> None:
        self._services, self._context, self._kept = services, context, kept
        self.texts: dict[EngineRequest, tuple[str, ...]] = {}
        self.rates: dict[EngineRequest, Mapping[str, str]] = {}
        self.failed: dict[EngineRequest, str] = {}
        self.again: Retryable | None = None
        self.stopped: NeedsMerchant | None = None
        self.characters = 0

    def put(self, request: EngineRequest) -> None:
        try:
            match request:
                case TranslateTexts():
                    self.texts[request] = self._texts(request)
                case FetchRates():
                    self.rates[request] = _answer(self._services, self._context, request)
                case FetchFile():
                    return  # files are read by use cases of their own, not by functions
        except (Retryable, NeedsMerchant, Skipped) as error:
            self.failed[request] = error.merchant_message
            self._tell(error)

    def _texts(self, request: TranslateTexts) -> tuple[str, ...]:
        name = kept_as(request)
        if self._kept and name in self._kept:
            return tuple(json.loads(self._kept[name]))
        if self.stopped is not None:
            raise self.stopped
        self._reserve(request.characters)
        try:
            answer = tuple(_answer(self._services, self._context, request))
        except AnswerLost:
            self.characters += request.characters
            raise
        except AppError:
            self._spend(-request.characters)
            raise
        self.characters += request.characters
        if self._kept is not None:
            until = self._context.now + KEPT
            self._services.memories.remember(self._context.shop.id, {name: json.dumps(answer)}, until=until)
        return answer

    def _reserve(self, characters: int) -> None:
        """Count before it is spent; two workers cannot both take the last of an allowance."""
        most = self._context.policy.translations.characters_per_month
        if not self._spend(characters, most):
            raise QuotaReached(
                f"This month's {most:,} characters for translation are used up. What is left waits for the next "
                "month, or for a higher limit in the settings."
            )

    def _spend(self, characters: int, most: int | None = None) -> bool:
        shop, name = self._context.shop.id, spent_in(self._services.clock.now())
        return self._services.counters.reserve(shop, name, characters, most)

    def _tell(self, error: AppError) -> None:
        if isinstance(error, Retryable):
            self.again = error
        if isinstance(error, NeedsMerchant):
            if self.stopped is None:
                shop = self._context.shop.id
                self._services.trouble(shop, error.code, error.merchant_message, subject=ENGINE)
            self.stopped = error


def _kept(services: Services, context: Context, requests: Sequence[EngineRequest]) -> Mapping[str, str]:
    names = [kept_as(request) for request in requests if isinstance(request, TranslateTexts)]
    return services.memories.recall(context.shop.id, names) if names else {}


def _answer(services: Services, context: Context, request: EngineRequest) -> Any:
    for engine in services.engines:
        if engine.answers(request):
            return engine.ask(request, context.shop.id, context.event.id)
    raise UnsupportedAction("No engine for this is set up.")


def kept_as(request: TranslateTexts) -> str:
    """Where the answer to exactly this request is kept."""
    return f"asked:{hashlib.sha256(repr(request).encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def spent_in(now: datetime) -> str:
    """The name of the tally that adds up a month's translated characters (UTC months)."""
    return f"characters|{now:%Y-%m}"
