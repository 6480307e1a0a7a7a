"""Trouble on demand: what the next calls to the Admin API meet instead of a good answer."""

import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """Ways in which a call goes wrong; those marked (after) change the shop all the same."""

    TOO_MANY_REQUESTS = "429 with Retry-After"
    THROTTLED = "200 with a THROTTLED error"
    SERVER_ERROR = "5xx"
    HANG = "no answer for some seconds"
    RESET = "connection reset before anything happened"
    HTML = "an HTML page where JSON belongs"
    USER_ERRORS = "200 with userErrors and no effect"
    UNAUTHORIZED = "401 as for a revoked token"
    TRUNCATED = "(after) half of the answer, then nothing"
    LOST_ANSWER = "(after) connection reset where the answer should be"


@dataclass(slots=True, kw_only=True)
class Plan:
    """One planned fault: how often, and for which calls (``contains`` is looked for in the query text)."""

    fault: Fault
    times: int
    contains: str = ""
    status: int = 503
    retry_after: float = 2.0
    seconds: float = 30.0
    message: str = "The sandbox refuses this change."
    code: str = "INVALID"


@dataclass(slots=True)
class Faults:
    """The plans that wait, first come first served; ``met`` counts what happened."""

    plans: list[Plan] = field(default_factory=list)
    met: list[Fault] = field(default_factory=list)
    lock: "threading.Lock" = field(default_factory=threading.Lock)

    def plan(self, fault: Fault, times: int = 1, **details: Any) -> None:
        """The next ``times`` matching calls meet this fault; see ``Plan`` for the details."""
        with self.lock:
            self.plans.append(Plan(fault=fault, times=times, **details))

    def clear(self) -> None:
        """Good weather from now on."""
        with self.lock:
            self.plans.clear()

    def next(self, query: str) -> Plan | None:
        """The fault that this call meets, used up by one."""
        with self.lock:
            for plan in self.plans:
                if plan.contains in query:
                    plan.times -= 1
                    self.plans = [one for one in self.plans if one.times > 0]
                    self.met.append(plan.fault)
                    return plan
        return None
