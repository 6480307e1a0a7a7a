"""Mail through SES."""

from typing import Any, Protocol

from chalicelib.adapters.failures import told_apart


class MailClient(Protocol):
    """The one call of the SES client that we make."""

    def send_email(self, *, Source: str, Destination: Any, Message: Any) -> Any:  # noqa: N803
        """Send one message."""
        ...


class SesMail:
    """Sends plain text from one verified address."""

    def __init__(self, client: MailClient, sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, to: str, subject: str, text: str) -> None:
        """Raises Retryable when SES does not answer."""
        with told_apart("sending mail"):
            self._client.send_email(
                Source=self._sender,
                Destination={"ToAddresses": [to]},
                Message={"Subject": _utf8(subject), "Body": {"Text": _utf8(text)}},
            )


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
