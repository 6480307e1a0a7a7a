"""Envelope encryption under KMS: a data key per context, kept briefly, so a busy shop costs few calls.

sealed = 1 | length of wrapped key (2 bytes) | wrapped key | nonce | ciphertext and tag
"""

import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.adapters.failures import code_of, told_apart
from chalicelib.adapters.local_keys import context_bytes, seal, unseal
from chalicelib.errors import NotAllowed

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

LAYOUT = 1
_HEAD = struct.Struct(">BH")
_REFUSALS = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


@dataclass(frozen=True, slots=True)
class _DataKey:
    plain: bytes = field(repr=False)
    wrapped: bytes
    until: float
    """Seconds of the timer after which it is forgotten."""


class KmsKeys:
    """Seals under data keys that only KMS can unwrap, and only for the same context."""

    def __init__(
        self,
        client: "KMSClient",
        key_id: str,
        *,
        cap: int = 1024,
        max_age_s: float = 3600.0,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """``cap`` and ``max_age_s`` bound how many unwrapped keys one container holds, and for how long: KMS asks
        more for one call than an event costs otherwise, and whoever reads a container's memory may call KMS too.
        """
        self._client = client
        self._key_id = key_id
        self._cap = cap
        self._max_age_s = max_age_s
        self._timer = timer
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[bytes, bytes], _DataKey] = OrderedDict()

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        key = self._remembered(b"", context) or self._generate(context)
        return _HEAD.pack(LAYOUT, len(key.wrapped)) + key.wrapped + seal(key.plain, plain, context)

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        wrapped, inner = _split(sealed)
        key = self._remembered(wrapped, context) or self._unwrap(wrapped, context)
        return unseal(key.plain, inner, context)

    def _generate(self, context: Mapping[str, str]) -> _DataKey:
        with told_apart("making a data key"):
            answer = self._client.generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=context
            )
        key = self._fresh(answer["Plaintext"], answer["CiphertextBlob"])
        self._remember(b"", context, key)
        self._remember(key.wrapped, context, key)
        return key

    def _unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> _DataKey:
        with told_apart("unwrapping a data key"):
            try:
                answer = self._client.decrypt(
                    CiphertextBlob=wrapped, KeyId=self._key_id, EncryptionContext=context
                )
            except ClientError as error:
                if code_of(error) in _REFUSALS:
                    raise NotAllowed(detail="sealed under another context or key") from error
                raise
        key = self._fresh(answer["Plaintext"], wrapped)
        self._remember(wrapped, context, key)
        return key

    def _fresh(self, plain: bytes, wrapped: bytes) -> _DataKey:
        return _DataKey(plain, wrapped, self._timer() + self._max_age_s)

    def _remembered(self, wrapped: bytes, context: Mapping[str, str]) -> _DataKey | None:
        with self._lock:
            key = self._known.get((wrapped, context_bytes(context)))
        return key if key is not None and self._timer() < key.until else None

    def _remember(self, wrapped: bytes, context: Mapping[str, str], key: _DataKey) -> None:
        with self._lock:
            self._known[wrapped, context_bytes(context)] = key
            while len(self._known) > self._cap:
                self._known.popitem(last=False)


def _split(sealed: bytes) -> tuple[bytes, bytes]:
    """The wrapped key and what it sealed. Raises NotAllowed for bytes that we did not make."""
    if len(sealed) < _HEAD.size:
        raise NotAllowed(detail="too short to be sealed by us")
    layout, length = _HEAD.unpack_from(sealed)
    if layout != LAYOUT or length == 0:
        raise NotAllowed(detail="not sealed by us, or by a later version")
    return sealed[_HEAD.size : _HEAD.size + length], sealed[_HEAD.size + length :]
