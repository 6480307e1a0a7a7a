"""A stand-in for DeepL's API: strict about keys, limits, glossaries and tags; answers marked pseudo-translations."""

from sandbox.deepl_server.faults import Fault, FaultKind, Faults
from sandbox.deepl_server.server import MAX_REQUEST_BYTES, DeepLServer, application, serve
from sandbox.woocommerce_store.serving import RunningServer

__all__ = [
    "MAX_REQUEST_BYTES",
    "DeepLServer",
    "Fault",
    "FaultKind",
    "Faults",
    "RunningServer",
    "application",
    "serve",
]
