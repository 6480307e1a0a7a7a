"""Sealing with AES-GCM: the whole of envelope encryption on one machine, and its inner half under KMS."""

import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.errors import NotAllowed

NONCE_BYTES = 12
"""The size for which GCM is defined best (NIST SP 800-38D, section 8.2)."""


def seal(key: bytes, plain: bytes, context: Mapping[str, str]) -> bytes:
    """Nonce and ciphertext; the context is authenticated and not stored."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context_bytes(context))


def unseal(key: bytes, sealed: bytes, context: Mapping[str, str]) -> bytes:
    """The plain bytes. Raises NotAllowed when key, context or a single bit differs."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context_bytes(context))
    except (InvalidTag, ValueError) as error:
        raise NotAllowed(detail="sealed under another context, or altered") from error


def context_bytes(context: Mapping[str, str]) -> bytes:
    """One spelling per context, whatever the order it was written in."""
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode()


class LocalKeys:
    """Keys kept by this process: for tests and the local platform."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or AESGCM.generate_key(bit_length=256)

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        return seal(self._key, plain, context)

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        return unseal(self._key, sealed, context)
