"""Texts to DeepL and back: one warm client per container, bounded time, batches within its limits."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import deepl
from deepl import http_client

from chalicelib.contracts import EngineRequest, TranslateTexts
from chalicelib.domain.ids import EventId, Locale, ShopId
from chalicelib.errors import AnswerLost, AppError, RateLimited, UnsupportedAction
from integrations.deepl.faults import TooLarge, named
from integrations.deepl.glossaries import Glossaries
from integrations.deepl.languages import formality_word, source_code, target_code

TEXTS_PER_CALL = 50
BYTES_PER_CALL = 110 * 1024
"""DeepL takes 128 KiB a call; the rest is for JSON's escapes and the other fields."""
SECONDS = 45.0
"""A request that is not done by then is given back to the queue: a worker has minutes, not hours."""
RETRIES, TIMEOUT_S = 1, 10.0
"""Per call, inside the official client; the queue does the rest."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Characters of the present period at DeepL; ``limit`` is None on plans without one."""

    used: int
    limit: int | None

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used)


class DeepL:
    """The translation engine. Safe to keep for the life of a container."""

    def __init__(self, client: deepl.DeepLClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._glossaries = Glossaries(client)
        self._clock = clock

    def answers(self, request: EngineRequest) -> bool:
        return isinstance(request, TranslateTexts)

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> tuple[str, ...]:
        """Translations, one per text, in order: all of them or an error.

        Raises:
            RateLimited, StoreUnavailable: later may work; an answer with fewer texts than asked for counts as
            none.
            QuotaReached, AccessRevoked: only the merchant can mend it.
            UnsupportedAction: DeepL does not know the language.
        """
        if not isinstance(request, TranslateTexts):
            raise UnsupportedAction("This engine translates texts and nothing else.")
        deadline = self._clock() + SECONDS
        try:
            found = self._all(request, shop, deadline)
        except _GlossaryGone:
            self._glossaries.forget()
            found = self._all(request, shop, deadline)
        return self._polished(found, request) if request.polish else found

    def usage(self) -> Usage:
        """What was spent at DeepL in the present period. Raises Retryable, NeedsMerchant."""
        with named():
            counted = self._client.get_usage().character
        return Usage(int(counted.count or 0), int(counted.limit) if counted.limit is not None else None)

    def rephrase(self, texts: Sequence[str], target: Locale, *, style: str = "") -> tuple[str, ...]:
        """DeepL Write: the same texts, better put. Raises UnsupportedAction where the plan has none of it."""
        found: list[str] = []
        for batch in batches(texts):
            with named():
                answers = self._client.rephrase_text(
                    batch, target_lang=target_code(target), style=style or None
                )
            found += [answer.text for answer in (answers if isinstance(answers, list) else [answers])]
        return _complete(found, len(texts))

    def _polished(self, found: tuple[str, ...], request: TranslateTexts) -> tuple[str, ...]:
        """Plain texts put better; DeepL Write knows no markup, and a plan without it changes nothing."""
        places = request.polishable
        try:
            better = self.rephrase([found[place] for place in places], request.target) if places else ()
        except AppError:
            return found  # the translation is paid for and good; that it could be better is no reason to lose it
        return tuple({**dict(enumerate(found)), **dict(zip(places, better, strict=True))}.values())

    def _all(self, request: TranslateTexts, shop: ShopId, deadline: float) -> tuple[str, ...]:
        pair = (request.source or "", request.target)
        glossary = self._glossaries.find(shop, pair, request.glossary) if request.source else None
        found: list[str] = []
        for batch in batches(request.texts):
            found += self._batch(request, batch, glossary, deadline)
        return tuple(found)

    def _batch(
        self, request: TranslateTexts, batch: list[str], glossary: str | None, deadline: float
    ) -> tuple[str, ...]:
        """One call; a batch that is too large goes in halves."""
        if self._clock() > deadline:
            raise RateLimited("DeepL takes long; it is tried again.", after=30.0)
        try:
            return self._call(request, batch, glossary)
        except TooLarge:
            if len(batch) == 1:
                raise UnsupportedAction("The text is too long for DeepL.") from None
        half = len(batch) // 2
        first = self._batch(request, batch[:half], glossary, deadline)
        return (*first, *self._batch(request, batch[half:], glossary, deadline))

    def _call(self, request: TranslateTexts, batch: list[str], glossary: str | None) -> tuple[str, ...]:
        with named():
            try:
                answers = self._client.translate_text(
                    batch, source_lang=source_code(request.source) if request.source else None,
                    target_lang=target_code(request.target), context=request.context or None,
                    formality=formality_word(request.formality), glossary=glossary, preserve_formatting=True,
                    tag_handling=request.tag_handling, ignore_tags=list(request.ignore_tags),
                    outline_detection=False, split_sentences="nonewlines",
                )  # fmt: skip
            except deepl.DeepLException as error:
                if glossary and (error.http_status_code == 404 or "glossary" in str(error).lower()):
                    raise _GlossaryGone from None
                raise
        return _complete([a.text for a in (answers if isinstance(answers, list) else [answers])], len(batch))


class _GlossaryGone(Exception):
    """The glossary that we knew is not there any more."""


def _complete(found: list[str], asked: int) -> tuple[str, ...]:
    if len(found) != asked:
        raise AnswerLost(
            "DeepL sent fewer texts than it was asked for; it is tried again.",
            detail=f"{len(found)} of {asked}",
        )
    return tuple(found)


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts in order, at most 50 and 110 KiB together; a longer text goes alone."""
    batch: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode("utf-8", "replace"))
        if batch and (len(batch) == TEXTS_PER_CALL or size + length > BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch


@lru_cache(maxsize=4)
def connect(key: str, url: str = "") -> DeepL:
    """The container's engine for that key. ``url`` is for a stand-in server; DeepL's own is chosen by the
    key.

    The client's retries are module settings of the official package, which documents them so.
    """
    http_client.max_network_retries = RETRIES
    http_client.min_connection_timeout = TIMEOUT_S
    client = deepl.DeepLClient(key, server_url=url or None, send_platform_info=False)
    return DeepL(client.set_app_info("tradewind", "1"))
