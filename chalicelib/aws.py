"""The ground on AWS: which adapter stands behind each port in a deployment (and, by another address, in the
sandbox)."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib import bootstrap
from chalicelib.accepting import Mouth
from chalicelib.adapters.clients import Clients
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.emf import EmfMeter
from chalicelib.adapters.memory_meter import MemoryMeter
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.bootstrap import Ground
from chalicelib.contracts import Engine, Function, Marketplace
from chalicelib.domain.ids import FunctionName
from chalicelib.settings import Settings, load_settings

if TYPE_CHECKING:
    from chalicelib.services import Services


@cache
def settings() -> Settings:
    """This deployment's settings, read once."""
    return load_settings()


@cache
def clients() -> Clients:
    """This container's AWS clients."""
    mine = settings()
    patience = 20.0 if mine.sandbox else 1.0
    return Clients(region=mine.region, endpoint_url=mine.endpoint_url or None, patience=patience)


@cache
def meter() -> "EmfMeter | MemoryMeter":
    """This container's meter; on this machine nobody reads log lines, so there it only adds up."""
    return MemoryMeter() if settings().sandbox else EmfMeter(SystemClock())


def flush() -> None:
    """Hand in what was counted; at the end of every handler."""
    found = meter()
    if isinstance(found, EmfMeter):
        found.flush()


def mouth(marketplaces: Mapping[str, Marketplace]) -> Mouth:
    """What accepting needs: one queue, and no table."""
    queue = _queue(settings().work_queue)
    return bootstrap.mouth(settings(), marketplaces, queue, SystemClock(), meter())


def services(
    functions: Mapping[FunctionName, Function],
    marketplaces: Mapping[str, Marketplace],
    engines: Sequence[Engine],
    transport: Any,
) -> "Services":
    """Everything else."""
    mine = settings()
    return bootstrap.build(mine, ground(), functions, marketplaces, engines, transport)


def ground() -> Ground:
    """Every port on AWS."""
    from chalicelib.adapters.dynamodb import DynamoRecords
    from chalicelib.adapters.kms import KmsKeys
    from chalicelib.adapters.s3 import S3Blobs
    from chalicelib.adapters.ses import SesMail

    mine, aws, clock = settings(), clients(), SystemClock()
    return Ground(
        records=DynamoRecords(aws.dynamodb, mine.table, clock),
        blobs=S3Blobs(aws.s3, mine.bucket),
        queue=_queue(mine.work_queue),
        schedule=_queue(mine.schedule_queue),
        keys=KmsKeys(aws.kms, mine.kms_key),
        mail=SesMail(aws.ses, mine.mail_from),
        clock=clock,
        meter=meter(),
    )


def _queue(url: str) -> SqsQueue:
    return SqsQueue(clients().sqs, url)
