"""Numbers however they are written, so that "three million" and "300万" are no mistake and "250" for "205" is
one."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

_WORDS: Mapping[str, Mapping[str, int]] = {
    "en": {
        "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
        "nine": 9,
        "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12, "first": 1, "second": 2, "third": 3, "fourth": 4,
        "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twenty": 20, "thirty":
        30,
        "a": 1, "an": 1, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "twenties": 20, "thirties": 30,
        "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70, "eighties": 80, "nineties": 90,
        "thirteen": 13, "fourteen": 14, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
        "forty": 40,
        "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "once": 1, "twice": 2, "pair": 2, "both": 2,
        "single": 1, "twentieth": 20, "fifteen": 15, "fifty": 50,
        "hundred": 100, "thousand": 1000, "january": 1, "february": 2, "march": 3, "april": 4, "may": 5,
        "june": 6,
        "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
    },
    "de": {
        "null": 0, "ein": 1, "eins": 1, "eine": 1, "einen": 1, "einem": 1, "einer": 1, "zwei": 2, "zweite": 2,
        "zweiten": 2, "drei": 3, "dritte": 3, "dritten": 3, "vier": 4, "vierte": 4, "vierten": 4, "fünf": 5,
        "fünfte": 5, "fünften": 5, "sechs": 6, "sechste": 6, "sechsten": 6, "sieben": 7, "siebte": 7,
        "siebten": 7,
        "acht": 8, "achte": 8, "achten": 8, "neun": 9, "neunte": 9, "neunten": 9, "zehn": 10, "zehnte": 10,
        "zehnten": 10, "elf": 11, "zwölf": 12, "dutzend": 12, "erste": 1, "ersten": 1, "erster": 1,
        "erstes": 1,
        "zwanzig": 20, "dreißig": 30, "fünfzehn": 15, "fünfzig": 50, "hundert": 100, "tausend": 1000,
    },
    "fr": {
        "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8,
        "neuf": 9,
        "dix": 10, "onze": 11, "douze": 12, "vingt": 20, "cent": 100, "mille": 1000,
    },
    "es": {
        "un": 1, "una": 1, "uno": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7,
        "ocho": 8,
        "nueve": 9, "diez": 10, "once": 11, "doce": 12, "veinte": 20, "cien": 100, "mil": 1000,
    },
}  # fmt: skip
_HAN = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7,
        "八": 8, "九": 9}  # fmt: skip
_HAN_UNITS = {
    "十": 10,
    "百": 100,
    "千": 1000,
    "万": 10_000,
    "萬": 10_000,
    "亿": 100_000_000,
    "億": 100_000_000,
}
_SCALES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "tausend": 1000,
    "millionen": 10**6, "milliarden": 10**9, "milliarde": 10**9, "billionen": 10**12, "mille": 1000,
    "millions": 10**6, "milliard": 10**9, "milliards": 10**9, "mil": 1000, "millones": 10**6, "millón": 10**6,
    "mio": 10**6, "mrd": 10**9, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "千": 1000, "百": 100,
}  # fmt: skip
_DIGITS = re.compile(
    r"(?P<number>\d+(?:[.,'’\u00a0\u202f]\d{3})*(?:[.,]\d+)?)"
    r"(?:[\s-]?(?P<scale>hundred|thousand|million(?:en|s)?|m?illiarde?n?s?|billion(?:en)?|trillion|tausend|mille|mil|"
    r"millon(?:es)?|millón|Mio|Mrd|百|千|[万萬亿億]{1,2})(?![A-Za-z]))?",
    re.IGNORECASE,
)
_HAN_RUN = re.compile("[零〇一二两兩三四五六七八九十百千万萬亿億]+")


def written(text: str) -> Counter[str]:
    """The numbers that stand in digits, scales applied, as bare digits: ``1.5 million`` is ``1500000``."""
    found: Counter[str] = Counter()
    for match in _DIGITS.finditer(unicodedata.normalize("NFKC", text)):
        found[_canonical(match["number"], match["scale"] or "")] += 1
    return found


def _canonical(number: str, scale: str) -> str:
    factor = 1
    for part in [scale] if scale.casefold() in _SCALES else list(scale):
        factor *= _SCALES.get(part.casefold(), 1)
    if factor == 1:
        return re.sub(r"\D", "", number)
    whole, _, rest = re.sub(r"[.,'’\u00a0\u202f](?=\d{3}(?!\d))", "", number).replace(",", ".").partition(".")
    value = int(whole + rest) * factor // 10 ** len(rest)
    return str(value)


def spoken(text: str, language: str) -> set[str]:
    """Numbers that may be meant by words or Chinese numerals, as bare digits."""
    words = _WORDS.get(language, {})
    low = text.casefold()
    found = {str(words[word]) for word in re.findall(r"\w+", low) if word in words}
    if language == "de":
        found |= {str(value) for word, value in words.items() if len(word) > 3 and word in low}
    return found | {str(_han(run)) for run in _HAN_RUN.findall(text)}


def _han(run: str) -> int:
    """The value of Chinese numerals, read digit by digit where no unit stands among them (二〇一九)."""
    if not any(character in _HAN_UNITS for character in run):
        return int("".join(str(_HAN[character]) for character in run))
    total, section, digit = 0, 0, 0
    for character in run:
        unit = _HAN_UNITS.get(character)
        if unit is None:
            digit = _HAN[character]
        elif unit >= 10_000:
            total, section, digit = (total + section + digit) * unit, 0, 0
        else:
            section, digit = section + (digit or 1) * unit, 0
    return total + section + digit


def differing(source: str, target: str, languages: tuple[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(missing, invented): numbers in digits on one side for which the other has neither digits nor words."""
    ours, theirs = written(source), written(target)
    if ours != theirs:
        theirs = min(written(target), written(_GAP.sub("", target)), key=lambda n: (ours - n).total())
    if ours == theirs:
        return (), ()
    told_source, told_target = spoken(source, languages[0]), spoken(target, languages[1])
    missing = [number for number in ours - theirs if number not in told_target]
    invented = [number for number in theirs - ours if number not in told_source]
    return _decades_apart(missing, invented)


def apart(source: str, target: str, languages: tuple[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the differing numbers those that a reader would miss or stumble over.

    A number that is merely said once more or once less, an afternoon hour told by 24, a century told by its number
    and a zero that is left out before the point are none.
    """
    source, target = _plainly(source), _plainly(target)
    missing, invented = differing(source, target, languages)
    told = _multiplied(source, languages[0])
    invented = tuple(number for number in invented if number not in told)
    missing = tuple(number for number in missing if number not in _roman(target))
    missing, invented = _centuries_apart(source, target, missing, invented)
    hours = {hour: str(int(hour) % 12 + (12 if half == "p" else 0)) for hour, half in _HOUR.findall(source.casefold())}
    said = {hour for hour, by_24 in hours.items() if {by_24, f"{by_24}00"} & {*invented}}
    by_24 = {text for hour in said for text in (hours[hour], f"{hours[hour]}00")}
    ours = {*written(source), *by_24, *(("00", "000") if hours else ())}
    theirs = {*written(target), *said}
    return tuple(n for n in missing if n not in theirs), tuple(n for n in invented if n not in ours)


_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_RUN_TOGETHER = re.compile(rf"(?<=\d)(?={_MONTHS})")
_SQUARE = re.compile(r"(?<=\d)(\s?(?:mi|ft|km|m|cm))2\b")
_BARE_POINT = re.compile(r"(?<![\w.,])\.(?=\d)")
_BILLIONS = re.compile(
    r"(?<=\d)\s?(?:bn|mld|mil (?:milh(?:ões|ão)|millones)|bilh(?:ões|ão)|miliard(?:[iy]|ów)?|miljard(?:er|en)?)\b", re.I
)
_MILLIONS = re.compile(
    r"(?<=\d)\s?(?:mln|mili(?:on[ei]|onów|ony|on)|miljo(?:en|n|ner)|milh(?:ões|ão))\b|(?<=[£$€]\d)m\b"
    r"|(?<=[£$€]\d\d)m\b|(?<=[£$€]\d\d\d)m\b", re.I
)  # fmt: skip
_ROMAN = re.compile(r"\b(X{0,2}(?:IX|IV|V?I{0,3}))(?=e\b|ème\b|\b)")
_RICH = re.compile(r"\b(?:[mb]illionaire|milliardär|millionär)\w*", re.IGNORECASE)


def _plainly(text: str) -> str:
    """The text without what only looks like another number: ``14August``, ``600 mi2``, ``.205``, billionaires."""
    text = _RICH.sub(" ", _SQUARE.sub(r"\1²", _RUN_TOGETHER.sub(" ", text)).replace("²", " "))
    text = _BILLIONS.sub(" billion", _MILLIONS.sub(" million", text))
    return _BARE_POINT.sub("0.", text)


def _multiplied(text: str, language: str) -> set[str]:
    """``five million`` in words, as bare digits."""
    words, low = _WORDS.get(language, {}), text.casefold()
    found = re.findall(r"(\w+)[\s-]+(hundred|thousand|million|billion|trillion)\b", low)
    return {str(words[word] * _SCALES[scale]) for word, scale in found if word in words}


def _roman(text: str) -> set[str]:
    """Roman numerals up to 29 (``XIXe siècle``), as bare digits."""
    values = {"I": 1, "V": 5, "X": 10, "": 0}
    numerals = (match for match in _ROMAN.findall(text) if match)
    parts = ([(values[one], values[after]) for one, after in zip(n, [*n[1:], ""], strict=True)] for n in numerals)
    return {str(sum(-one if one < after else one for one, after in pairs)) for pairs in parts}


def _centuries_apart(
    source: str, target: str, missing: tuple[str, ...], invented: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """ "The 1900s" and "the 20th century" are the same, in digits or in Chinese numerals."""
    hundreds = set(re.findall(r"(?<!\d)(\d\d00)s\b", source))
    names = {number: str(int(number[:2]) + 1) for number in hundreds}
    told = {number for number, name in names.items() if name in written(target) or name in spoken(target, "")}
    return (
        tuple(number for number in missing if number not in told),
        tuple(number for number in invented if number not in {names[one] for one in told}),
    )


_HOUR = re.compile(r"(?<!\d)(1[0-2]|[1-9])\s?([ap])\.?m\b")
_GAP = re.compile(r"(?<=\d)[,.]?\s(?=\d{3}(?!\d))")
"""Between groups of thousands where a language sets them apart with a blank."""


def _decades_apart(missing: list[str], invented: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """ "The 1960s" and "the sixties of the 20th century" are the same."""
    decades = [n for n in missing if len(n) == 4 and n.endswith("0") and n[2:] in invented]
    told = {n[2:] for n in decades} | {str(int(n[:2]) + 1) for n in decades}
    return tuple(n for n in missing if n not in decades), tuple(n for n in invented if n not in told)
