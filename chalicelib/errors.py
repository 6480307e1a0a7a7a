"""Errors, named by what must happen next.

AppError                      .merchant_message (shown), .detail (logged, redacted)
├─ Rejected                   the caller is wrong: answer now, no retry
│  ├─ InvalidSignature  ├─ MalformedPayload  └─ NotAllowed
├─ Retryable                  raise; the queue redelivers after a pause (pauses.py)
│  ├─ RateLimited(after)  ├─ StoreUnavailable  └─ AnswerLost         the outside
│  ├─ Overtaken           └─ Held(until, lease)                      another worker of ours
├─ NeedsMerchant              a Problem on the dashboard; the event is acknowledged
│  ├─ AccessRevoked  ├─ ScopeMissing  └─ QuotaReached
└─ Skipped                    a normal outcome, counted, not alarmed
   ├─ UnsupportedAction  ├─ Gone  └─ StaleState
ConfigurationError, ArtifactMismatch, Conflict   not AppErrors
"""

from datetime import datetime, timedelta


class AppError(Exception):
    """Something we expected might happen."""

    merchant_message = "Something went wrong."

    def __init__(self, merchant_message: str = "", *, detail: str = "") -> None:
        self.merchant_message = merchant_message or type(self).merchant_message
        self.detail = detail
        super().__init__(self.merchant_message)

    def __str__(self) -> str:
        return f"{self.merchant_message} ({self.detail})" if self.detail else self.merchant_message


class Rejected(AppError):
    """The caller is wrong; answered at once and not retried."""

    merchant_message = "The request was not accepted."


class InvalidSignature(Rejected):
    """The request was not signed by who it says."""

    merchant_message = "The signature is missing or wrong."


class MalformedPayload(Rejected):
    """The body is not what its sender promises."""

    merchant_message = "The message could not be read."


class NotAllowed(Rejected):
    """The caller may not do this."""

    merchant_message = "This is not allowed."


class Retryable(AppError):
    """Trying again later may work."""

    merchant_message = "A service did not answer; it is tried again."


class RateLimited(Retryable):
    """Too many calls; ``after`` is how many seconds to wait."""

    merchant_message = "The store asks for fewer calls; it is tried again."

    def __init__(self, merchant_message: str = "", *, after: float = 1.0, detail: str = "") -> None:
        super().__init__(merchant_message, detail=detail)
        self.after = after


class StoreUnavailable(Retryable):
    """The store (or an engine) does not answer, or not sensibly."""

    merchant_message = "The store does not answer; it is tried again."


class AnswerLost(StoreUnavailable):
    """A paid service may have done its work, but no usable answer came: it counts as spent."""


class Overtaken(Retryable):
    """Another worker of ours wrote first what this one was about to: read again, and decided on what stands now."""


class Held(Retryable):
    """Another worker of ours has this event until ``until`` at the latest, a ``lease`` after it took it."""

    def __init__(self, until: datetime, lease: timedelta) -> None:
        super().__init__()
        self.until = until
        self.lease = lease


class NeedsMerchant(AppError):
    """Only the merchant can mend it."""

    merchant_message = "This needs your attention."
    code = "needs_merchant"


class AccessRevoked(NeedsMerchant):
    """Our credentials no longer work."""

    merchant_message = "The store refuses our key. Connect the store again."
    code = "access_revoked"


class ScopeMissing(NeedsMerchant):
    """Our credentials do not allow this."""

    merchant_message = "A permission is missing. Approve the app's permissions in the store."
    code = "scope_missing"


class QuotaReached(NeedsMerchant):
    """A paid allowance is used up."""

    merchant_message = "An allowance is used up. Raise it or wait for the next period."
    code = "quota_reached"


class Skipped(AppError):
    """Nothing to do, and that is fine."""

    merchant_message = "There was nothing to do."


class UnsupportedAction(Skipped):
    """The intent cannot be said in this store's API."""

    merchant_message = "This store has no place for that."


class Gone(Skipped):
    """The object does not exist any more."""

    merchant_message = "It no longer exists in the store."


class StaleState(Skipped):
    """The store changed since we read it: the human wins."""

    merchant_message = "It was changed in the store in the meantime, so it was left alone."


class ConfigurationError(Exception):
    """The deployment is wrong; it stops loudly and says every wrong field."""


class ArtifactMismatch(Exception):
    """A model file is not what its card says."""


class Conflict(Exception):
    """Somebody else changed this record first; read it again."""
