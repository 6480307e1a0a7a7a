"""Benchmarks: one module per area, each with ``rows()``; ``python -m bench`` runs them and writes the results."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure, beside a peer's where there is one to compare with."""

    name: str
    value: float
    unit: str = ""
    peer: str = ""
    """What it is compared with."""
    peer_value: float | None = None
    ratio: float | None = None
    """Our value over the peer's."""
    note: str = ""
    """How it was measured, and what it does not say."""
