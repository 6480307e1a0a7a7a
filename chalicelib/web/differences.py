"""Two texts side by side: which words went and which came."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

_PIECES = re.compile(r"<[^<>]*>|\w+|\s+|[^\w\s]")
LONGEST = 20_000
"""Characters beyond which texts are shown without marks: comparing takes quadratic time."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text; ``kind`` is ``same``, ``gone`` or ``new``."""

    text: str
    kind: str


def compare(before: str, after: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The old text with what went, the new one with what came."""
    if not before or len(before) + len(after) > LONGEST:
        return (Span(before, "same"),), (Span(after, "same"),)
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    left = [Span("".join(old[a:b]), "same" if tag == "equal" else "gone") for tag, a, b, _, _ in codes]
    right = [Span("".join(new[c:d]), "same" if tag == "equal" else "new") for tag, _, _, c, d in codes]
    return tuple(_filled(left)), tuple(_filled(right))


def _filled(spans: list[Span]) -> Iterator[Span]:
    return (span for span in spans if span.text)
