"""Back from the engine: marks become tokens again, and every irregularity gets a name."""

import html
import re
from dataclasses import dataclass

from chalicelib.domain.evidence import Reason
from functions.translation.protect import MARK, STRUCTURE, Protected, Token, mark, place_of
from functions.translation.segments import Segment, written

_ELEMENT = re.compile(r"<x\s+id=[\"'](\d{1,6})[\"']\s*(?:/>|>(?:.*?)</x\s*>)", re.DOTALL)
_STRAY = re.compile(r"</?[A-Za-z!?]")
_WORD = re.compile(r"[^\W_]")
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\u0e00-\u0e7f]")


@dataclass(frozen=True, slots=True)
class Restored:
    """A translated sentence: its text with marks, what bars it from being published, and what a person should
    see."""

    text: str
    barred: tuple[Reason, ...] = ()
    doubts: tuple[Reason, ...] = ()

    def written(self, segment: Segment, *, html: bool) -> str:
        """The sentence as its field holds it."""
        return written(self.text, segment.tokens, html=html)


def restored(answer: str, segment: Segment) -> Restored:
    """Read the engine's answer for one sentence.

    Barred: a token lost, doubled or invented, markup moved, markup nobody asked for, or nothing at all. In
    doubt: values
    (amounts, terms) in another order, which grammar may want and a careless engine may cause.
    """
    text, unknown = _marked(answer, len(segment.tokens))
    if not MARK.sub("", text).strip():
        return Restored(text, (Reason(text="The engine sent back an empty text."),))
    barred = [*unknown, *_miscounted(text, segment)]
    if not barred and _order(text, segment, structure_only=True):
        barred.append(Reason(text="The markup came back in another order."))
    if barred:
        return Restored(text, tuple(barred))
    moved = _order(text, segment, structure_only=False)
    doubts = (Reason(text="Protected values stand in another order; check that they still belong where they are."),)
    return Restored(_spaced(text, segment), (), doubts if moved else ())


def _marked(answer: str, known: int) -> tuple[str, list[Reason]]:
    """The answer with marks for elements, and complaints about elements that we did not send."""
    parts = _ELEMENT.split(answer)
    complaints = [Reason(text="The engine added markup of its own.")] if _foreign(parts, known) else []
    out = [html.unescape(parts[0])]
    for number, part in zip(parts[1::2], parts[2::2], strict=True):
        place = int(number) - 1
        out += [mark(place) if 0 <= place < known else "", html.unescape(part)]
    return "".join(out), complaints


def _foreign(parts: list[str], known: int) -> bool:
    outside = any(MARK.search(part) or _STRAY.search(part) for part in parts[0::2])
    return outside or any(not 1 <= int(number) <= known for number in parts[1::2])


def _miscounted(text: str, segment: Segment) -> list[Reason]:
    places = [place_of(found) for found in MARK.findall(text)]
    found = []
    for place, token in enumerate(segment.tokens):
        times = places.count(place)
        if times != 1:
            says = "{token} is missing." if times == 0 else "{token} appears more than once."
            found.append(Reason(text=says, values=(("token", shown(token)),)))
    return found


def shown(token: Protected) -> str:
    """A token as a reason quotes it, cut to a readable length."""
    return token.raw if len(token.raw) <= 40 else token.raw[:39] + "…"


def _order(text: str, segment: Segment, *, structure_only: bool) -> bool:
    """Whether tokens changed their order; a value that left its place between tags counts as markup moved."""
    places = [place_of(found) for found in MARK.findall(text)]
    if not structure_only:
        return places != sorted(places)
    structural = [segment.tokens[p].kind in STRUCTURE for p in range(len(segment.tokens))]
    return _regions(places, structural) != _regions(sorted(places), structural)


def _regions(places: list[int], structural: list[bool]) -> list[list[int]]:
    """Values between structural tokens, region by region, without regard to order inside a region."""
    regions: list[list[int]] = [[]]
    for place in places:
        if structural[place]:
            regions += [[place], []]
        else:
            regions[-1].append(place)
    return [sorted(region) for region in regions]


def _spaced(text: str, segment: Segment) -> str:
    """A blank again where the source had one beside a value and the engine glued something to it."""
    for found in list(MARK.finditer(text))[::-1]:
        if segment.tokens[place_of(found.group())].kind is Token.TAG:
            continue
        at = segment.text.index(found.group())
        before, after = segment.text[at - 1 : at] if at else "", segment.text[at + 1 : at + 2]
        if after.isspace() and _glued(text[found.end() : found.end() + 1], segment):
            text = text[: found.end()] + " " + text[found.end() :]
        if before.isspace() and found.start() and _glued(text[found.start() - 1], segment):
            text = text[: found.start()] + " " + text[found.start() :]
    return text


def _glued(neighbour: str, segment: Segment) -> bool:
    if MARK.match(neighbour):
        return segment.tokens[place_of(neighbour)].kind is not Token.TAG
    return bool(_WORD.match(neighbour)) and not _CJK.match(neighbour)
