"""Plain signs that a translation went wrong, each with its reason in words. No model takes part."""

import re
from collections.abc import Iterator

from chalicelib.domain.evidence import Reason
from chalicelib.texts import identify
from functions.translation import numerals
from functions.translation.features import copied

WORLD = ("de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "sv", "zh")
"""Languages that a result is told from, besides its own."""
_WIDE = 2.8
"""What a Chinese, Japanese or Korean character counts against a Latin letter (median, MLQE-PE's dev set)."""
_NEGATIONS = {
    "en": r"\b(?:not|(?-i:no(?![.\w]|\s\d)|No(?=\s[a-z])|NO(?!\s?\d))|never|without|non|cannot|none|nor)\b|n['’]t\b",
    "de": r"\b(?:nicht|kein\w*|nie\w*|ohne|weder|un\w{4,}|nein)\b|\w+(?:frei|los)\w*\b",
    "fr": r"\b(?:ne|n['’]|pas|jamais|sans|aucun\w*|non|ni)\b|n['’]",
    "es": r"\b(?:no|nunca|sin|ning\w+|ni|jamás)\b",
    "zh": r"[不没沒无無非未勿别別]|免",
}


def signs(source: str, target: str, languages: tuple[str, str]) -> Iterator[Reason]:
    """Reasons to look at a pair; ``languages`` are two-letter codes."""
    if not source.strip() or not target.strip():
        yield Reason(text="The translation is empty.") if source.strip() else Reason(text="The source is empty.")
        return
    missing, invented = numerals.apart(source, target, languages)
    yield from (Reason(text="Number {number} is missing.", values=(("number", n),)) for n in missing)
    yield from (Reason(text="Number {number} is not in the source.", values=(("number", n),)) for n in invented)
    if looks_copied(source, target, languages):
        yield Reason(text="It looks untranslated.")
    else:
        yield from _wrong_language(source, target, languages)
    yield from _length(source, target, languages)
    if negation_dropped(source, target, languages):
        yield Reason(text="A negation of the source seems to be missing.")
    if _repeats(target) > _repeats(source) + 1:
        yield Reason(text="Words are repeated over and over.")


def looks_copied(source: str, target: str, languages: tuple[str, str]) -> bool:
    """Whether most of the target is the source again, in a text with enough words to tell."""
    if languages[0] == languages[1] or len(re.findall(r"[^\W\d_]{2,}", source)) < 3:
        return False
    if copied(source, target) < 0.8 or _mostly_names(source) or _only_names_copied(source, target):
        return False
    language, probability = identify(target, languages)
    return language == languages[0] and probability > 0.5


def _only_names_copied(source: str, target: str) -> bool:
    """Whether the small words around copied names and titles are other words than the source's."""
    ours, theirs = ({word for word in re.findall(r"[^\W\d_]{2,}", text) if word.islower()} for text in (source, target))
    return bool(theirs) and len(theirs & ours) < 0.8 * len(theirs)


def _mostly_names(source: str) -> bool:
    """A long list of names and titles, as in a bibliography, rightly stays as it is."""
    words = re.findall(r"[^\W\d_]{2,}", source)
    return len(words) > 8 and sum(word[0].islower() for word in words) * 3 < len(words)


def _wrong_language(source: str, target: str, languages: tuple[str, str]) -> Iterator[Reason]:
    language = _told_language(source, target, languages)
    if language not in {"", languages[1]}:
        says = "It looks like {language}, not {expected}."
        yield Reason(text=says, values=(("language", language), ("expected", languages[1])))


def _told_language(source: str, target: str, languages: tuple[str, str]) -> str:
    """The target's language where that is beyond doubt: names and short texts look like many."""
    wide, kana = len(_IDEOGRAPHS.findall(target)), len(_KANA.findall(target))
    if wide + kana > 3 and languages[1] in {"zh", "ja"}:
        return "ja" if kana > 2 else languages[1] if wide < 15 else "zh"
    if _mostly_names(source) or sum(character.isalpha() for character in target) < 20:
        return ""
    if copied(source, target) > 0.6 and _only_names_copied(source, target):
        return ""
    language, probability = identify(_without_names(source, target), (*WORLD, *languages))
    return language if probability > 0.9 else ""


def _without_names(source: str, target: str) -> str:
    """The target without capitalised words of the source, where enough is left to tell a language from."""
    names = {word for word in re.findall(r"\w+", source) if word[0].isupper()}
    left = re.sub(r"\w+", lambda word: "" if word.group() in names else word.group(), target)
    return left if sum(character.isalpha() for character in left) >= 20 else target


_IDEOGRAPHS, _KANA = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[\u3040-\u30ff]")


def _length(source: str, target: str, languages: tuple[str, str]) -> Iterator[Reason]:
    if len(source) < 30:
        return
    ratio = _breadth(target) / _breadth(source)
    if ratio < 0.5:
        yield Reason(text="It is much shorter than the source.")
    elif ratio > 2.2:
        yield Reason(text="It is much longer than the source.")


def _breadth(text: str) -> float:
    text = text.strip()
    return max(1.0, len(text) + (_WIDE - 1) * sum(ord(character) > 0x2E80 for character in text))


def negation_dropped(source: str, target: str, languages: tuple[str, str]) -> bool:
    """Whether the source negates and the target does not, in languages whose words for it are listed."""
    ours, theirs = (_NEGATIONS.get(language) for language in languages)
    if ours is None or theirs is None:
        return False
    return bool(re.search(ours, source, re.IGNORECASE)) and not re.search(theirs, target, re.IGNORECASE)


def _repeats(text: str) -> int:
    """The longest run of one word, or of one phrase of two or three."""
    words = re.findall(r"\w+", text.casefold())
    longest = 0
    for width in (1, 2, 3):
        run = 0
        for at in range(width, len(words) - width + 1, 1):
            run = run + 1 if words[at : at + width] == words[at - width : at] else 0
            longest = max(longest, run // width)
    return longest
