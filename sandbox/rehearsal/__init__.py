"""The road rehearsed: one seeded scheduler owns clock, queues, storage, store and the moments of crashing.

Everything runs in one thread on the memory adapters and the bazaar. Each I/O call is a place where another
worker may go on first, or where the worker dies before or after the call took effect. A run is named by its
seed and repeats exactly.
"""

from sandbox.rehearsal.checks import Verdict, judge
from sandbox.rehearsal.stage import Killed, Play, Stage, drawn, rehearse

__all__ = ["Killed", "Play", "Stage", "Verdict", "drawn", "judge", "rehearse"]
