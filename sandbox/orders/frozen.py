"""The seal on the generator: written before any model saw its orders, checked by a test ever since."""

import hashlib
import json
from dataclasses import astuple
from pathlib import Path

from sandbox.orders.stream import all_orders

_HERE = Path(__file__).parent
SEAL = _HERE / "frozen.json"
SEALED = ("attacks.py", "buyers.py", "records.py", "stream.py", "world.py")


def seal() -> dict[str, str]:
    """The sha256 of each sealed module, and of a small sample of what they generate."""
    named = {name: hashlib.sha256((_HERE / name).read_bytes()).hexdigest() for name in SEALED}
    sample = repr([astuple(order) for order in all_orders(seed=7, scale=0.02)])
    return {**named, "sample": hashlib.sha256(sample.encode()).hexdigest()}


def sealed() -> dict[str, str]:
    """What was written down when the generator was frozen."""
    kept: dict[str, str] = json.loads(SEAL.read_text())
    return kept
