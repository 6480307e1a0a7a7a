"""The proof over a finished field, made without knowing how it was made: source and target are read anew.

Markup, Liquid, placeholders, addresses and emoji must be the same sequence; every protected value must occur
as often;
all other numbers must be equal; the field's length limit must hold.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.evidence import Reason
from functions.translation.markup import Kind, spans
from functions.translation.protect import Guard, Protected, Token
from functions.translation.restore import shown

LIMITS: Mapping[str, int] = {
    "title": 255, "name": 255, "meta_title": 255, "meta_description": 320, "handle": 255, "alt": 512,
    "product_type": 255,
}  # fmt: skip
"""Characters that a field of that key may hold, where stores cut or refuse longer ones."""

_SEQUENCE = frozenset({Token.PLACEHOLDER, Token.URL, Token.EMOJI})
_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d{3})*(?:[.,]\d+)?")
_LOOKS_LIKE_A_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_EDGE, _END = r"(?<![A-Za-z0-9À-ɏ])", r"(?![A-Za-z0-9À-ɏ])"


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the proof sees of a text."""

    sequence: tuple[str, ...]
    values: tuple[Protected, ...]
    running: str
    """Text between markup, protected values in it, members of the sequence left out."""


def flaws(
    source: str,
    target: str,
    *,
    html: bool,
    guard: Guard,
    converted: Mapping[str, str],
    limit: int | None = None,
) -> tuple[Reason, ...]:
    """Why this target must not be published in place of this source; nothing when it may.

    ``converted`` maps protected source values to what a rule made of them ("10 in" -> "25.4 cm").
    """
    ours, theirs = _read(source, guard, html=html), _read(target, guard, html=html)
    found = [*_sequence(ours.sequence, theirs.sequence), *_values(ours, theirs, converted)]
    if not html:
        found += _sequence(_LOOKS_LIKE_A_TAG.findall(source), _LOOKS_LIKE_A_TAG.findall(target))
    found += _numbers(ours, theirs, converted)
    if limit is not None and len(target) > limit:
        says = "The translation has {length} characters; this field holds {limit}."
        found.append(Reason(text=says, values=(("length", str(len(target))), ("limit", str(limit)))))
    return tuple(found)


def _read(text: str, guard: Guard, *, html: bool) -> _Reading:
    sequence: list[str] = []
    values: list[Protected] = []
    running: list[str] = []
    for span in spans(text, html=html):
        if span.kind is not Kind.TEXT:
            sequence.append(span.raw)
            running.append("\n")
            continue
        plain, at = _plain(span.raw) if html else span.raw, 0
        for start, end, kind in guard.find(plain):
            if kind in _SEQUENCE:
                sequence.append(plain[start:end])
                running += [plain[at:start], "\n"]
                at = end
            else:
                values.append(Protected(kind, plain[start:end]))
        running.append(plain[at:])
    return _Reading(tuple(sequence), tuple(values), "".join(running))


def _plain(raw: str) -> str:
    return html.unescape(raw)


def _sequence(ours: Sequence[str], theirs: Sequence[str]) -> list[Reason]:
    if ours == theirs:
        return []
    lost, gained = Counter(ours) - Counter(theirs), Counter(theirs) - Counter(ours)
    found = [_about("{token} is missing.", raw) for raw in lost]
    found += [_about("{token} appears more often than in the source.", raw) for raw in gained]
    return found or [Reason(text="The markup came back in another order.")]


def _values(ours: _Reading, theirs: _Reading, converted: Mapping[str, str]) -> list[Reason]:
    wanted = Counter(converted.get(value.raw, value.raw) for value in ours.values)
    found = []
    for raw, times in wanted.items():
        present = _occurrences(raw, theirs.running, wanted)
        if present != times:
            says = "{token} is missing." if present < times else "{token} appears more often than in the source."
            found.append(_about(says, raw))
    strange = {v.raw for v in theirs.values if v.kind is Token.TERM} - set(wanted)
    return [*found, *(_about("{token} is not in the source.", raw) for raw in sorted(strange))]


def _occurrences(raw: str, text: str, wanted: Iterable[str]) -> int:
    """How often a value stands in a text by itself, not as a part of a longer protected value."""
    for longer in sorted((w for w in wanted if raw in w and w != raw), key=len, reverse=True):
        text = text.replace(longer, "\n")
    return len(re.findall(_EDGE + re.escape(raw) + _END, text))


def _numbers(ours: _Reading, theirs: _Reading, converted: Mapping[str, str]) -> list[Reason]:
    """Numbers outside protected values, whatever their separators; full-width digits count as digits."""
    values = {value.raw for value in ours.values}
    wanted = digits(_without(ours.running, values))
    present = digits(_without(theirs.running, {converted.get(raw, raw) for raw in values}))
    if Counter(wanted) == Counter(present) or "".join(wanted) == "".join(present):
        return []
    lost, gained = Counter(wanted) - Counter(present), Counter(present) - Counter(wanted)
    found = [Reason(text="Number {number} is missing.", values=(("number", number),)) for number in lost]
    return found + [Reason(text="Number {number} is not in the source.", values=(("number", n),)) for n in gained]


def _without(text: str, values: Iterable[str]) -> str:
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, " ")
    return text


def digits(text: str) -> list[str]:
    """The numbers of a text as bare digits, so that 1,234.5 and 1.234,5 are one."""
    flat = unicodedata.normalize("NFKC", text)
    return [re.sub(r"\D", "", number) for number in _NUMBER.findall(flat)]


def _about(says: str, raw: str) -> Reason:
    return Reason(text=says, values=(("token", shown(Protected(Token.TAG, raw))),))
