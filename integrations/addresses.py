"""Guards outgoing calls: a store's URL comes from a stranger, and must not lead into a private network.

https and port 443 only, a name and never a number, every address it resolves to public. The connection goes
to the checked address itself, so a name that answers differently a moment later gains nothing.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from chalicelib.errors import NotAllowed, StoreUnavailable

type Resolve = Callable[[str, int], Sequence[str]]
type Ip = IPv4Address | IPv6Address

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_TOP_LABEL = re.compile(r"(?!0x)[a-z][a-z0-9-]*[a-z0-9]")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_REFUSED_NETWORKS = tuple(ip_network(text) for text in (
    "192.88.99.0/24",  # 6to4 relays
    "64:ff9b::/96", "64:ff9b:1::/48",  # NAT64 carries an IPv4 address
    "2001::/32", "2002::/16",  # Teredo and 6to4 carry one too
    "::/96", "::ffff:0:0/96", "fec0::/10",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a call really goes: the checked addresses, and the name for SNI and Host."""

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]
    path: str
    """With the query."""

    @property
    def authority(self) -> str:
        """The Host header."""
        usual = 443 if self.scheme == "https" else 80
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == usual else f"{host}:{self.port}"


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def public(address: Ip) -> bool:
    """Whether an address belongs to the public internet, and hides no other address in itself."""
    refused = any(address.version == network.version and address in network for network in _REFUSED_NETWORKS)
    return address.is_global and not address.is_multicast and not refused


def loopback(address: Ip) -> bool:
    """Whether an address is this machine, written plainly."""
    return address.is_loopback and (isinstance(address, IPv4Address) or address in IPv6Network("::1/128"))


def check(url: str, *, sandbox: bool = False, resolver: Resolve = resolve) -> Destination:
    """Where this URL leads, if we may go there; called again for every request.

    ``sandbox`` also allows plain http and any port, to loopback alone. Raises NotAllowed with what is wrong,
    or StoreUnavailable when the name does not resolve.
    """
    parts = _split(url)
    host = _host(parts, sandbox)
    port = _port(parts)
    addresses = _resolve(host, port, resolver)
    if sandbox and all(loopback(address) for address in addresses):
        return _destination(parts, host, port, addresses)
    if parts.scheme != "https" or port != 443:
        raise NotAllowed("The store's address must begin with https:// and use port 443.")
    if not _is_name(host) or not all(public(address) for address in addresses):
        raise NotAllowed("The store's address leads into a private network, so it is not called.")
    return _destination(parts, host, port, addresses)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise NotAllowed("The store's address cannot be read.") from None
    if _UNSAFE.search(url) or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise NotAllowed("The store's address must be a plain https:// address without a user name.")
    return parts


def _host(parts: SplitResult, sandbox: bool) -> str:
    """The name in ASCII form (full-width digits and dots become plain ones), still to be judged."""
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise NotAllowed("The store's address holds no valid host name.") from None
    if _is_name(host) or (sandbox and host in {"localhost", "127.0.0.1", "::1"}):
        return host
    raise NotAllowed("The store's address must hold a host name such as shop.example.com.")


def _is_name(host: str) -> bool:
    """A name has a top label that is a word: decimal, octal and hexadecimal numbers have none."""
    top = host.rpartition(".")[2]
    return len(host) <= 253 and bool(_NAME.fullmatch(host)) and bool(_TOP_LABEL.fullmatch(top))


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise NotAllowed("The store's address holds no valid port.") from None


def _resolve(host: str, port: int, resolver: Resolve) -> tuple[Ip, ...]:
    try:
        found = tuple(ip_address(text.partition("%")[0]) for text in resolver(host, port))
    except (OSError, ValueError, UnicodeError):
        found = ()
    if not found:
        raise StoreUnavailable("The store's host name does not resolve.", detail="no address")
    return found


def _destination(parts: SplitResult, host: str, port: int, addresses: Sequence[Ip]) -> Destination:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme, host, port, tuple(str(address) for address in addresses), path)
