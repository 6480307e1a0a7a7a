"""What an AWS failure means for us: somebody was faster, try again later, or the deployment is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from chalicelib.errors import ConfigurationError, Conflict, Overtaken, Retryable

CONDITION_FAILED = "ConditionalCheckFailedException"
CANCELLED = "TransactionCanceledException"
_MET, _MET_IN_TRANSACTION = "TransactionConflictException", "TransactionConflict"
"""Another transaction was at the same record: nobody is unwell, and it is through in milliseconds."""

_LATER = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestThrottled",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "LimitExceededException",
        "SlowDown",
        "OverLimit",
        "PriorRequestNotComplete",
        "RequestTimeout",
        "RequestTimeoutException",
        "TransactionInProgressException",
        "ReplicatedWriteConflictException",
        "ConditionalRequestConflict",
        "DependencyTimeoutException",
        "KMSInternalException",
        "KeyUnavailableException",
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
    }
)


@contextmanager
def told_apart(doing: str) -> Iterator[None]:
    """Raise Conflict, Overtaken, Retryable or ConfigurationError for whatever botocore raises inside.

    Only operation and code are repeated: a service's message may quote what was sent.
    """
    try:
        yield
    except ClientError as error:
        raise meaning_of(error, doing) from error
    except (ParamValidationError, NoCredentialsError) as error:
        raise ConfigurationError(f"{doing}: {type(error).__name__}; check region, role and names") from error
    except BotoCoreError as error:
        raise Retryable(detail=f"{doing}: {type(error).__name__}") from error


def meaning_of(error: ClientError, doing: str) -> Exception:
    """The error of ours that says what must happen next."""
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == CONDITION_FAILED:
        return Conflict(f"{doing}: the record changed; read it again")
    if code == CANCELLED:
        return _meaning_of_cancellation(error, doing)
    if code == _MET:
        return Overtaken(detail=f"{doing}: {code}")
    if code in _LATER or status >= 500 or status == 429:
        return Retryable(detail=f"{doing}: {code}")
    return ConfigurationError(
        f"{doing}: AWS refused it with {code}; check the role, the names and the region"
    )


def code_of(error: ClientError) -> str:
    """The service's own word for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def was_retried(error: ClientError) -> bool:
    """Whether an earlier attempt of the same call may have been carried out, its answer lost."""
    return bool(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0))


def blocking_item(error: ClientError) -> Mapping[str, Any]:
    """The item on which a condition failed, empty where there was none."""
    return error.response.get("Item", {})  # type: ignore[return-value]


def cancellation_reasons(error: ClientError) -> Sequence[Mapping[str, Any]]:
    """One entry per write of a cancelled transaction, in order."""
    return error.response.get("CancellationReasons", ())


def _meaning_of_cancellation(error: ClientError, doing: str) -> Exception:
    codes = {reason.get("Code", "None") for reason in cancellation_reasons(error)} - {"None"}
    if "ConditionalCheckFailed" in codes:
        return Conflict(f"{doing}: a record changed; read it again")
    if "ValidationError" in codes:
        return ConfigurationError(f"{doing}: the transaction is not valid")
    if codes == {_MET_IN_TRANSACTION}:
        return Overtaken(detail=f"{doing}: cancelled by {_MET_IN_TRANSACTION}")
    return Retryable(detail=f"{doing}: cancelled by {', '.join(sorted(codes)) or 'the service'}")
