"""What went wrong at DeepL, named by what must happen next."""

from collections.abc import Iterator
from contextlib import contextmanager

import deepl

from chalicelib.errors import (
    AccessRevoked,
    AnswerLost,
    AppError,
    QuotaReached,
    RateLimited,
    StoreUnavailable,
    UnsupportedAction,
)

TOO_LARGE = 413


class TooLarge(Exception):
    """The request holds too much at once: ask for less."""


@contextmanager
def named() -> Iterator[None]:
    """Raise our errors for DeepL's, or TooLarge. No text, key or address gets into any of them."""
    try:
        yield
    except deepl.DeepLException as error:
        if error.http_status_code == TOO_LARGE:
            raise TooLarge from None
        raise _ours(error) from None
    except (TypeError, AttributeError, ValueError, KeyError) as error:  # the client stumbles over odd answers
        raise AnswerLost(
            "DeepL sent an answer that could not be read; it is tried again.", detail=type(error).__name__
        ) from None


def _ours(error: deepl.DeepLException) -> AppError:
    status = error.http_status_code
    detail = f"DeepL {status or type(error).__name__}"
    if isinstance(error, deepl.QuotaExceededException):
        says = (
            "DeepL's characters for this period are used up. Raise the plan's limit, or wait until it renews."
        )
        return QuotaReached(says, detail=detail)
    if isinstance(error, deepl.AuthorizationException) or status == 401:
        return AccessRevoked("DeepL refuses the key. Enter a valid one in the settings.", detail=detail)
    if isinstance(error, deepl.TooManyRequestsException):
        return RateLimited("DeepL asks for fewer calls; it is tried again.", after=10.0, detail=detail)
    if isinstance(error, deepl.ConnectionException) and not _unreached(error):
        return AnswerLost("DeepL does not answer; it is tried again.", detail=detail)
    if isinstance(error, deepl.ConnectionException) or status is None or status >= 500:
        return StoreUnavailable("DeepL does not answer; it is tried again.", detail=detail)
    return UnsupportedAction("DeepL cannot do this, for this language or on this plan.", detail=detail)


_UNREACHED = ("Failed to establish a new connection", "Failed to resolve", "ConnectTimeout")
"""How the official client's HTTP library words a call that never got as far as DeepL."""


def _unreached(error: deepl.ConnectionException) -> bool:
    return any(words in str(error) for words in _UNREACHED)
