"""Errors planted into good translations, one kind at a time, to learn from and to measure by."""

import random
import re
from collections.abc import Callable, Mapping, Sequence

type Pair = tuple[str, str]
type Plant = Callable[[Pair, Sequence[Pair], random.Random], Pair | None]

_NUMBER = re.compile(r"\d+")
_NEGATION = re.compile(r"\b(?:nicht|kein|keine|keinen|keiner|nie|niemals|ohne)\s|[不没未]")
_OTHER_UNIT = {
    "km": "m", "kg": "g", "cm": "mm", "mm": "cm", "m": "km", "g": "kg", "l": "ml", "Meter": "Kilometer",
    "Metern": "Kilometern", "Kilometer": "Meter", "Kilometern": "Metern", "Meilen": "Kilometer",
    "Fuß": "Meter", "米": "公里", "公里": "米", "英里": "公里", "英尺": "米", "吨": "公斤",
}  # fmt: skip
_UNIT = re.compile(rf"(?<=\d)(\s?)({'|'.join(sorted(_OTHER_UNIT, key=len, reverse=True))})(?![A-Za-zÀ-ž])")


def number_changed(pair: Pair, others: Sequence[Pair], rng: random.Random) -> Pair | None:
    """Another number in place of one of the target's."""
    found = list(_NUMBER.finditer(pair[1]))
    if not found:
        return None
    chosen = rng.choice(found)
    digits = list(chosen.group())
    place = rng.randrange(len(digits))
    digits[place] = rng.choice([d for d in "123456789" if d != digits[place]])
    return pair[0], pair[1][: chosen.start()] + "".join(digits) + pair[1][chosen.end() :]


def sentence_cut(pair: Pair, others: Sequence[Pair], rng: random.Random) -> Pair | None:
    """The target without its second half."""
    text = pair[1]
    if len(pair[0].split()) < 6:
        return None
    cut = int(len(text) * rng.uniform(0.4, 0.6))
    space = text.rfind(" ", 0, cut)
    return pair[0], text[: space if space > cut // 2 else cut].rstrip(" ,，;；:")


def untranslated_copy(pair: Pair, others: Sequence[Pair], rng: random.Random) -> Pair | None:
    """The source again."""
    return pair[0], pair[0]


def swapped_text(pair: Pair, others: Sequence[Pair], rng: random.Random) -> Pair | None:
    """The translation of another sentence of about the same length."""
    near = [o for o in others if o[0] != pair[0] and 0.7 < len(o[0]) / max(1, len(pair[0])) < 1.4]
    return (pair[0], rng.choice(near)[1]) if near else None


def negation_dropped(pair: Pair, others: Sequence[Pair], rng: random.Random) -> Pair | None:
    """The target without its negation."""
    changed = _NEGATION.sub("", pair[1], count=1)
    return (pair[0], changed) if changed != pair[1] else None


def unit_changed(pair: Pair, others: Sequence[Pair], rng: random.Random) -> Pair | None:
    """Another unit behind the same number."""
    changed = _UNIT.sub(lambda m: m[1] + _OTHER_UNIT[m[2]], pair[1], count=1)
    return (pair[0], changed) if changed != pair[1] else None


KINDS: Mapping[str, Plant] = {
    "number changed": number_changed, "sentence cut": sentence_cut, "untranslated copy": untranslated_copy,
    "swapped text": swapped_text, "negation dropped": negation_dropped, "unit changed": unit_changed,
}  # fmt: skip


def plant(kind: str, pairs: Sequence[Pair], *, seed: int, most: int) -> list[Pair]:
    """Up to ``most`` pairs with one error of that kind, from pairs in a random order."""
    rng = random.Random(f"{kind}{seed}")
    order = rng.sample(range(len(pairs)), len(pairs))
    found: list[Pair] = []
    for place in order:
        made = KINDS[kind](pairs[place], [pairs[rng.randrange(len(pairs))] for _ in range(40)], rng)
        if made is not None:
            found.append(made)
        if len(found) == most:
            break
    return found
