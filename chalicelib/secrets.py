"""One master key, one derived key per purpose: a key for cookies never signs a webhook.

Standard library only: the accepting path derives WooCommerce's webhook secret for every request.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from chalicelib.domain.ids import ShopId


def derive(master: bytes, *purpose: str, length: int = 32) -> bytes:
    """A key for one purpose (HKDF with SHA-256, RFC 5869, no salt); each part of the purpose is framed."""
    info = b"".join(len(part.encode()).to_bytes(2) + part.encode() for part in ("tradewind", *purpose))
    extracted = hmac.digest(bytes(32), master, "sha256")
    block, made = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(extracted, block + info + bytes([counter]), "sha256")
        made += block
    return made[:length]


class KeyedSecrets:
    """Webhook secrets: an app's own from the settings, a shop's derived; two generations of each."""

    def __init__(self, master: bytes, generation: int, apps: Mapping[str, Sequence[str]]) -> None:
        self._master = master
        self._generation = generation
        self._apps = apps

    def app(self, marketplace: str) -> Sequence[bytes]:
        """The app's secret and the one before it; empty where none is set, so that nothing verifies."""
        return [secret.encode() for secret in self._apps.get(marketplace, ()) if secret]

    def derived(self, marketplace: str, account: str) -> Sequence[bytes]:
        """This shop's secret of this generation and of the one before."""
        generations = [g for g in (self._generation, self._generation - 1) if g > 0]
        return [self.secret(marketplace, account, g).encode() for g in generations]

    def secret(self, marketplace: str, account: str, generation: int | None = None) -> str:
        """What a store is told to sign with: 64 hexadecimal digits, safe in every form and header."""
        number = str(generation or self._generation)
        return derive(self._master, "webhook", marketplace, account, number).hex()


class Identities:
    """Keyed hashes of personal values: the same buyer is recognised within a shop, and nowhere else."""

    def __init__(self, master: bytes) -> None:
        self._master = master

    def key(self, shop: ShopId) -> bytes:
        """The shop's key."""
        return derive(self._master, "identity", shop)

    def identify(self, shop: ShopId, kind: str, value: str) -> str:
        """24 hexadecimal digits for a value, after trimming and lower-casing it; empty for an empty value."""
        plain = " ".join(value.split()).casefold()
        if not plain:
            return ""
        named = f"{kind}\x1f{plain}".encode("utf-8", "surrogatepass")
        return hmac.new(self.key(shop), named, hashlib.sha256).hexdigest()[:24]
