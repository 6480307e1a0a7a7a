"""A field on its way: cut, looked up, filled, proven.

field ──cut──► sentences ──memory──► known ─┐
                   └──► asked of the engine ─┴──restore──► filled ──prove──► Finished, or Left with a
                   reason
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.catalogue import Text, field_name
from chalicelib.domain.evidence import Reason
from functions.translation import memory
from functions.translation.memory import Origin, Pair, Remembered
from functions.translation.protect import Guard, Token
from functions.translation.prove import LIMITS, flaws
from functions.translation.restore import Restored, restored
from functions.translation.segments import Document, Segment, TooManyTokens, cut

LARGEST = 200_000
"""Characters of a field that is translated; stores hold at most a third of that."""
_HTML = re.compile(r"<[A-Za-z][A-Za-z0-9]*[\s/>]|&(?:[a-z]+|#\d+);")
_SIZES = re.compile(r"(?:(?:\d|X{0,4})X?[SL]|M)(?:\s?[/-]\s?(?:(?:\d|X{0,4})X?[SL]|M))?")
"""An option that is a size in letters, which is the same everywhere; an engine would make words of it."""
_ALWAYS = frozenset({"body_html", "description", "description_html", "short_description", "content", "body"})
MESSAGE = "message"
"""The key of a text that belongs to no field: plain, of any length."""
_NEVER = frozenset(
    {MESSAGE, "title", "name", "meta_title", "meta_description", "product_type", "alt", "handle", "slug"}
)

_UNUSABLE = Reason(text="The engine's answer to this text could not be used; it is asked again in a week.")

type Identify = Callable[[str], tuple[str, float]]
"""A text to the likeliest of the shop's languages and its probability among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One field cut into sentences, each with its key in the memory."""

    field: Text
    document: Document
    keys: tuple[str, ...]
    guard: Guard
    kept: frozenset[int] = frozenset()
    """Sentences that are in the target language already."""
    doubts: tuple[Reason, ...] = ()

    @property
    def is_html(self) -> bool:
        return self.document.html


@dataclass(frozen=True, slots=True)
class Left:
    """A field that stays as it is, and why."""

    field: Text
    reason: Reason


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a finished field."""

    key: str
    segment: Segment
    restored: Restored
    held: Remembered | None
    """Its entry, where the memory knew it."""

    @property
    def source(self) -> str:
        return self.segment.plain

    @property
    def target(self) -> str:
        return Segment(self.restored.text, self.segment.tokens).plain


@dataclass(frozen=True, slots=True)
class Finished:
    """A field with every gap filled; it may be published only where ``barred`` is empty."""

    draft: Draft
    value: str
    sentences: tuple[Sentence, ...]
    barred: tuple[Reason, ...] = ()
    doubts: tuple[Reason, ...] = ()


def is_html(text: Text) -> bool:
    """Whether a field holds HTML: by its key where stores agree, else by its looks."""
    name = field_name(text.key)
    if name in _NEVER:
        return False
    return name in _ALWAYS or name.endswith("_html") or bool(_HTML.search(text.value))


def drafted(field: Text, pair: Pair, guard: Guard, identify: Identify) -> Draft | Left:
    """Cut a field; a field that is too large, too strange or without words is left as it is."""
    if len(field.value) > LARGEST:
        return Left(field, Reason(text="The text is too long to be translated in one piece."))
    if field_name(field.key) == "name" and _SIZES.fullmatch(field.value.strip()):
        return Left(field, Reason(text="It has no words to translate."))
    try:
        document = cut(field.value, language=pair.source, guard=guard, html=is_html(field))
    except TooManyTokens as error:
        return Left(field, Reason(text=str(error)))
    kept, doubts = _languages(document.segments, pair, identify)
    if not document.segments or len(kept) == len(document.segments):
        says = "It is in that language already." if kept else "It has no words to translate."
        return Left(field, Reason(text=says))
    keys = tuple(memory.key(segment, pair) for segment in document.segments)
    return Draft(field=field, document=document, keys=keys, guard=guard, kept=kept, doubts=(*doubts, *_money(document)))


def _languages(
    segments: Sequence[Segment], pair: Pair, identify: Identify
) -> tuple[frozenset[int], tuple[Reason, ...]]:
    """Sentences that need no translation, and a doubt where the text is in neither language."""
    target, source = pair.target.partition("-")[0].lower(), pair.source.partition("-")[0].lower()
    found = [_certain(segment.plain, identify) for segment in segments]
    kept = frozenset(place for place, language in enumerate(found) if language == target != source)
    strangers = sorted({language for language in found if language not in {"", source, target}})
    says = "Part of the source looks like {language}, not {expected}."
    return kept, tuple(
        Reason(text=says, values=(("language", language), ("expected", source))) for language in strangers
    )


def _certain(text: str, identify: Identify) -> str:
    """The language of a sentence that is long enough to tell, else nothing."""
    letters = sum(character.isalpha() for character in text)
    wide = sum(ord(character) > 0x2E80 for character in text)
    if letters + 3 * wide < 25:
        return ""
    language, probability = identify(text)
    return language if probability > 0.99 else ""


def _money(document: Document) -> tuple[Reason, ...]:
    amounts = [t.raw for s in document.segments for t in s.tokens if t.kind is Token.MONEY]
    says = "The text names an amount of money ({amount}); it is not converted."
    return (Reason(text=says, values=(("amount", amounts[0]),), weight=-1.0),) if amounts else ()


def wanted(drafts: Sequence[Draft], held: Mapping[str, Remembered]) -> dict[str, Segment]:
    """Sentences that the memory lacks, once each, in reading order: exactly what has to be paid for."""
    found: dict[str, Segment] = {}
    for draft in drafts:
        for place, (key, segment) in enumerate(zip(draft.keys, draft.document.segments, strict=True)):
            if key not in held and place not in draft.kept:
                found.setdefault(key, segment)
    return found


def finished(draft: Draft, held: Mapping[str, Remembered], answers: Mapping[str, str]) -> Finished | None:
    """Fill a draft from the memory and from fresh answers (by key); None while a sentence is missing."""
    sentences = []
    for place, (key, segment) in enumerate(zip(draft.keys, draft.document.segments, strict=True)):
        entry = held.get(key)
        if entry is not None and entry.origin is Origin.FAULTY:
            sentences.append(Sentence(key, segment, Restored("", (_UNUSABLE,)), entry))
            continue
        answer = segment.xml() if place in draft.kept else entry.target if entry else answers.get(key)
        if answer is None:
            return None
        sentences.append(Sentence(key, segment, restored(answer, segment), entry))
    return _proven(draft, tuple(sentences))


def _proven(draft: Draft, sentences: tuple[Sentence, ...]) -> Finished:
    barred = [reason for s in sentences for reason in s.restored.barred]
    if barred:
        return Finished(draft, draft.field.value, sentences, tuple(dict.fromkeys(barred)))
    value = draft.document.filled([s.restored.written(s.segment, html=draft.is_html) for s in sentences])
    barred = list(_flaws(draft, value))
    doubts = [*draft.doubts, *dict.fromkeys(reason for s in sentences for reason in s.restored.doubts)]
    return Finished(draft, value, sentences, tuple(dict.fromkeys(barred)), tuple(doubts))


def _flaws(draft: Draft, value: str) -> tuple[Reason, ...]:
    field = draft.field
    return flaws(
        field.value, value, html=draft.is_html, guard=draft.guard, converted=dict(draft.document.converted),
        limit=max(LIMITS[name], len(field.value)) if (name := field_name(field.key)) in LIMITS else None,
    )  # fmt: skip


def remembered(sentence: Sentence, pair: Pair, *, at: str) -> Remembered:
    """What the memory keeps of a fresh sentence; an unusable answer is kept as such."""
    usable = not sentence.restored.barred
    target = memory.from_marks(sentence.restored.text) if usable else ""
    origin = Origin.ENGINE if usable else Origin.FAULTY
    return Remembered(
        source=sentence.segment.xml(), target=target, origin=origin, at=at, pair=(pair.source, pair.target)
    )
