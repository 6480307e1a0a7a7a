"""Faults on demand: what DeepL, or the way to it, does to the next calls."""

import re
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.deepl_server.markup import tags


class FaultKind(StrEnum):
    """What may go wrong with one call."""

    TOO_MANY = "429"
    QUOTA = "456"
    FORBIDDEN = "403"
    TOO_LARGE = "413"
    SERVER_ERROR = "5xx"
    HANG = "no answer"
    RESET = "connection reset"
    TRUNCATED = "half of the answer's body"
    HTML = "HTML with status 200"
    PARTIAL = "one translation fewer than texts"
    SWAPPED = "the first two translations swapped"
    DROPPED_TAG = "the first tag of each text lost"
    DOUBLED_PLACEHOLDER = "the first ignored element, or tag, twice"
    UNTRANSLATED = "the source copied"
    CUT = "the second half of each text lost"
    WRONG_NUMBER = "every number raised by one"


ANSWERED = {
    FaultKind.TOO_MANY: (429, "Too many requests"),
    FaultKind.QUOTA: (456, "Quota Exceeded"),
    FaultKind.FORBIDDEN: (403, "Forbidden"),
    FaultKind.TOO_LARGE: (413, "Request Entity Too Large"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault for a call whose path contains ``path``."""

    kind: FaultKind
    status: int = 503
    hang_s: float = 30.0
    path: str = ""


@dataclass(slots=True)
class Faults:
    """The faults that wait for their calls."""

    met: Counter[FaultKind] = field(default_factory=Counter)
    closing: threading.Event = field(default_factory=threading.Event)
    _waiting: deque[Fault] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault, calls: int = 1) -> None:
        """Let the next ``calls`` matching calls meet the fault."""
        with self._lock:
            self._waiting.extend([fault] * calls)

    def clear(self) -> None:
        """Forget every waiting fault."""
        with self._lock:
            self._waiting.clear()

    def take(self, path: str) -> Fault | None:
        """Take the first waiting fault that is meant for this path."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.path in path:
                    del self._waiting[place]
                    self.met[fault.kind] += 1
                    return fault
        return None


def spoil(
    kind: FaultKind, rows: list[dict[str, Any]], sources: Sequence[str], ignored: frozenset[str]
) -> list[dict[str, Any]]:
    """Give a list of translations as a misbehaving engine would."""
    if kind is FaultKind.PARTIAL:
        return rows[:-1]
    texts = [row["text"] for row in rows]
    if kind is FaultKind.SWAPPED:
        texts[:2] = reversed(texts[:2])
    elif kind is FaultKind.UNTRANSLATED:
        texts = list(sources)
    else:
        texts = [_spoil_text(kind, text, ignored) for text in texts]
    return [{**row, "text": text} for row, text in zip(rows, texts, strict=True)]


def _spoil_text(kind: FaultKind, text: str, ignored: frozenset[str]) -> str:
    if kind is FaultKind.DROPPED_TAG:
        return text.replace((tags(text) or [""])[0], "", 1)
    if kind is FaultKind.CUT:
        return text[: len(text) // 2]
    if kind is FaultKind.WRONG_NUMBER:
        return re.sub(r"\d+", lambda number: str(int(number.group()) + 1), text)
    if kind is FaultKind.DOUBLED_PLACEHOLDER:
        return _double(text, ignored)
    return text


def _double(text: str, ignored: frozenset[str]) -> str:
    for name in sorted(ignored):
        element = re.search(rf"<{re.escape(name)}\b[^>]*>.*?</{re.escape(name)}>|<{re.escape(name)}\b[^>]*/>", text)
        if element:
            return f"{text[: element.end()]}{element.group()}{text[element.end() :]}"
    first = (tags(text) or [""])[0]
    return text.replace(first, first * 2, 1) if first else text
