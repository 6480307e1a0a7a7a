"""A queue in memory that behaves like SQS where it matters: leases, receive counts, a dead-letter queue.

send ──> delayed ──> ready[group] ──take──> leased ──delete──> gone
            ^                                  │ lease over, or postponed
            └──────────────────────────────────┘ handed out too often ──> dead
"""

import heapq
import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.adapters.limits import SEND_DELAY, TAKE, VISIBILITY, check_delay, check_message
from chalicelib.ports import Clock, Message

NOTHING = timedelta(0)


@dataclass(slots=True, eq=False)
class _Letter:
    """One message inside; ``wake`` tells the newest alarm set for it from older ones."""

    id: str
    body: str
    group: str
    received: int = 0
    wake: int = 0
    leased: bool = False
    gone: bool = False


class MemoryQueue:
    """At-least-once delivery, fair between groups: they take turns, however long one of them is."""

    def __init__(
        self,
        clock: Clock,
        *,
        name: str = "queue",
        visibility: timedelta = timedelta(minutes=6),
        max_receives: int = 5,
        dead: "MemoryQueue | None" = None,
    ) -> None:
        """``max_receives`` counts only where there is a ``dead`` queue to go to."""
        self._clock = clock
        self._name = name
        self._visibility = visibility
        self._max_receives = max_receives
        self.dead = dead
        self._lock = threading.RLock()
        self._letters: dict[str, _Letter] = {}
        self._ready: OrderedDict[str, deque[_Letter]] = OrderedDict()
        self._waiting: list[tuple[datetime, int, int, _Letter]] = []
        self._sent = 0
        self._alarms = 0
        self._leased = 0

    def send(self, body: str, *, group: str = "", delay: timedelta = NOTHING) -> None:
        check_message(body)
        check_delay(delay, SEND_DELAY)
        with self._lock:
            self._sent += 1
            letter = _Letter(f"{self._name}-{self._sent}", body, group)
            self._letters[letter.id] = letter
            if delay:
                self._wait(letter, delay)
            else:
                self._enter(letter)

    def take(self, limit: int = TAKE) -> Sequence[Message]:
        with self._lock:
            self._wake()
            taken: list[Message] = []
            while self._ready and len(taken) < limit:
                letter = self._next()
                if letter is None:
                    continue
                if self.dead is not None and letter.received >= self._max_receives:
                    self._bury(letter, self.dead)
                else:
                    taken.append(self._lease(letter))
            return taken

    def delete(self, message: Message) -> None:
        """A receipt that a later hand-out replaced deletes nothing: the worst that SQS may do."""
        with self._lock:
            letter = self._held(message)
            if letter is not None:
                self._drop(letter)

    def postpone(self, message: Message, delay: timedelta) -> None:
        check_delay(delay, VISIBILITY)
        with self._lock:
            letter = self._held(message)
            if letter is not None and letter.leased:
                self._wait(letter, delay)

    def depth(self) -> int:
        with self._lock:
            self._wake()
            return len(self._letters) - self._leased

    def wakes_at(self) -> datetime | None:
        """When there is something to take: now, at the next alarm, or never; for schedulers."""
        with self._lock:
            self._wake()
            if self._ready:
                return self._clock.now()
            return self._waiting[0][0] if self._waiting else None

    def _next(self) -> _Letter | None:
        """The oldest of the group whose turn it is; that group goes to the end of the line."""
        group, letters = self._ready.popitem(last=False)
        letter = letters.popleft()
        if letters:
            self._ready[group] = letters
        return None if letter.gone else letter

    def _enter(self, letter: _Letter) -> None:
        letters = self._ready.get(letter.group)
        if letters is None:
            letters = self._ready[letter.group] = deque()
        letters.append(letter)

    def _wait(self, letter: _Letter, delay: timedelta) -> None:
        letter.wake += 1
        self._alarms += 1
        heapq.heappush(self._waiting, (self._clock.now() + delay, self._alarms, letter.wake, letter))

    def _wake(self) -> None:
        """Let in whoever's delay or lease is over, and forget alarms that were replaced."""
        now = self._clock.now()
        while self._waiting:
            at, _, wake, letter = self._waiting[0]
            replaced = letter.gone or wake != letter.wake
            if at > now and not replaced:
                return
            heapq.heappop(self._waiting)
            if not replaced:
                self._free(letter)
                self._enter(letter)

    def _lease(self, letter: _Letter) -> Message:
        letter.received += 1
        letter.leased = True
        self._leased += 1
        self._wait(letter, self._visibility)
        return Message(
            id=letter.id, body=letter.body, receipt=f"{letter.id}/{letter.received}", received=letter.received
        )

    def _free(self, letter: _Letter) -> None:
        if letter.leased:
            letter.leased = False
            self._leased -= 1

    def _drop(self, letter: _Letter) -> None:
        self._free(letter)
        letter.gone = True
        del self._letters[letter.id]

    def _bury(self, letter: _Letter, dead: "MemoryQueue") -> None:
        self._drop(letter)
        dead.send(letter.body, group=letter.group)

    def _held(self, message: Message) -> _Letter | None:
        letter = self._letters.get(message.id)
        return letter if letter is not None and message.receipt == f"{letter.id}/{letter.received}" else None
