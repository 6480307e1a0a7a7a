"""Where sentences end, by the rules of the language they are written in."""

import re
from collections.abc import Mapping

LONGEST = 4_000
"""Characters; a longer stretch without an end is cut at white space, so that one text never fills a
request."""

_CLOSERS = "\"'”’»)\\]\U000f0000-\U000ffffd"
_OPENERS = "\"'“‘«„(\\[¿¡\U000f0000-\U000ffffd"
_SPACED_END = re.compile(rf"[.!?…।؟۔]+[{_CLOSERS}]*(?P<gap>\s+)(?=[{_OPENERS}]*(?P<next>\S))")
_CJK_END = re.compile(rf"[。！？｡]+[{_CLOSERS}）」』】]*(?P<gap>\s*)(?=\S)")
_WORD_BEFORE = re.compile(r"([^\s(\[\"'“„«]+)$")

_ABBREVIATIONS = """
en: approx appr dia diam dept dr est etc e.g ex fig i.e inc incl jr ltd max min mr mrs ms mt no nos oz pcs
    pkt prof qty sr st vs vol w wt ft in lb lbs
de: abb abs art bspw bzgl bzw ca d.h dr etc evtl exkl ggf i.d.r inkl kg max mind min mio nr o.ä prof s.o s.u
    st stk str u.a u.s.w usw v.a vgl z.b z.t zzgl zzt
fr: art av cf dr env etc ex fig m max min mm mme mlle n p.ex qté réf st ste tél vol
es: aprox art av dra dr etc ej fig máx mín núm pág p.ej ref sr sra srta tel ud uds vol
it: art ca dott ecc es fig max min n pag p.es prof rif sig sig.ra tel vol
nl: afb art bijv blz bv ca d.w.z dhr dr enz etc evt excl i.p.v incl max min mevr nr o.a t.o.v
pt: aprox art dr dra etc ex fig máx mín n nº p.ex pág ref sr sra tel vol
sv: bl.a ca d.v.s dr etc exkl f.d ff inkl kl m.fl m.m max min nr osv resp s.k st t.ex tel
pl: al dr ew inż itd itp m.in maks min mgr np nr ok pl prof r św tel tj tys tzn ul wg zob
"""
ABBREVIATIONS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in re.findall(r"^(\w\w): ((?:.|\n {4})*)", _ABBREVIATIONS, re.MULTILINE)
}
"""Words that a full stop may follow inside a sentence, by language, in lower case and without that stop."""


def split(text: str, language: str) -> list[tuple[int, int]]:
    """Sentences as (start, end) without the white space between them; marks of protected tokens count as
    closers
    and openers.

    Chinese and Japanese end at their own full stops; elsewhere an end needs white space and a start that is
    not in
    lower case, and a known abbreviation, an initial or an ordinal before the stop is no end.
    """
    cuts = sorted(_ends(text, language.partition("-")[0].lower()))
    found, start = [], 0
    for end, follow in [*cuts, (len(text), len(text))]:
        found += _within(text, start, end)
        start = follow
    return found


def _ends(text: str, language: str) -> set[tuple[int, int]]:
    spaced = {m.span("gap") for m in _SPACED_END.finditer(text) if _is_end(text, m, language)}
    return spaced | {m.span("gap") for m in _CJK_END.finditer(text)}


def _is_end(text: str, match: re.Match[str], language: str) -> bool:
    if match["next"].islower():
        return False
    if text[match.start() : match.end()].lstrip(".")[:1] in "!?…。" and match.group()[0] != ".":
        return True
    before = _WORD_BEFORE.search(text, max(0, match.start() - 30), match.start())
    word = before.group(1).lower() if before else ""
    known = ABBREVIATIONS.get(language, ABBREVIATIONS["en"])
    ordinal = word.isdigit() and language in {"de", "pl", "cs", "da", "nb", "fi", "hu"} and len(word) < 3
    initial = len(word) == 1 and word.isalpha() and language != "zh"
    return not (word in known or word.rpartition(".")[2] in known or initial or ordinal)


def _within(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The stretch without outer white space, cut where it is longer than LONGEST."""
    found = []
    while end - start > LONGEST:
        space = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        cut = space if space > 0 else start + LONGEST
        found.append((start, cut))
        start = cut
    found.append((start, end))
    return [(a, b) for a, b in (_trimmed(text, *pair) for pair in found) if a < b]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
