"""Bazaar: a third marketplace, in memory: what adding one costs, and where tests put their faults."""

from sandbox.bazaar.client import BazaarClient
from sandbox.bazaar.reader import NAME, TOPICS, BazaarReader
from sandbox.bazaar.registry import CAPABILITIES, marketplace
from sandbox.bazaar.stall import Bazaar, Effect, Stall

__all__ = [
    "CAPABILITIES",
    "NAME",
    "TOPICS",
    "Bazaar",
    "BazaarClient",
    "BazaarReader",
    "Effect",
    "Stall",
    "marketplace",
]
