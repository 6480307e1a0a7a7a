"""Mail to members. In the sandbox a copy is kept for the page that stands in for an inbox."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.ports import Key, Record
from chalicelib.services import Services

_INBOX = "sandbox#inbox#0"
KEEP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as the sandbox shows it."""

    to: str
    subject: str
    text: str
    at: str
    link: str


def send(services: Services, to: str, subject: str, text: str, *, link: str = "") -> None:
    """Send one message. Raises Retryable."""
    if services.settings.sandbox:
        now = services.clock.now()
        body = {"to": to, "subject": subject, "text": text, "at": now.isoformat(), "link": link}
        key = Key(_INBOX, f"{now.isoformat()}~{uuid.uuid4().hex[:6]}")
        services.records.put(Record(key=key, body=body, expires_at=now + KEEP))
    services.mail.send(to, subject, text)


def kept(services: Services, limit: int = 50) -> Iterator[Letter]:
    """The sandbox's messages, newest first."""
    for record in services.records.query(_INBOX, reverse=True, limit=limit):
        yield Letter(**record.body)
