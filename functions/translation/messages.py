"""Reviews and customer messages, translated on demand through the same steps as listings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from chalicelib.contracts import Answers, Context, Said, TranslateTexts
from chalicelib.domain.catalogue import Text
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import Locale
from chalicelib.texts import identify
from functions.translation.drafts import MESSAGE, Draft, Left, drafted, finished, wanted
from functions.translation.glossary import selected
from functions.translation.memory import Origin, Pair, Remembered, unpacked
from functions.translation.protect import Guard


@dataclass(frozen=True, slots=True)
class Message:
    """One text on its way; ``request`` is None where nothing has to be asked."""

    draft: Draft | Left
    request: TranslateTexts | None
    held: Mapping[str, Remembered]


@dataclass(frozen=True, slots=True)
class Reply:
    """The translation, or the text as it was and why."""

    text: str
    reasons: tuple[Reason, ...] = ()


def prepare(
    text: str, pair: Pair, guard: Guard, held: Mapping[str, Remembered], languages: Sequence[str] = ()
) -> Message:
    """Cut and protect a message of a buyer; it is plain text, whatever it looks like."""
    draft = drafted(
        Text(key=MESSAGE, value=text, digest=""),
        pair,
        guard,
        partial(identify, languages=(pair.source, pair.target, *languages)),
    )
    if isinstance(draft, Left):
        return Message(draft, None, held)
    texts = tuple(segment.xml() for segment in wanted([draft], held).values())
    request = TranslateTexts(
        texts=texts, source=pair.source, target=pair.target, formality=pair.formality,
        glossary=pair.glossary.entries,
    )  # fmt: skip
    return Message(draft, request if texts else None, held)


def answer(message: Message, answers: Answers) -> Reply:
    """The reply to show: proven like everything else, and the original where it cannot be."""
    if isinstance(message.draft, Left):
        return Reply(message.draft.field.value, (message.draft.reason,))
    said = answers.texts.get(message.request, ()) if message.request else ()
    fresh = dict(zip(wanted([message.draft], message.held), said, strict=False))
    done = finished(message.draft, message.held, fresh)
    if done is None:
        why = answers.failed.get(message.request, "") if message.request else ""
        return Reply(message.draft.field.value, (Reason(text=why or "The engine left texts unanswered."),))
    return Reply(done.value, (*done.barred, *done.doubts))


@dataclass(frozen=True, slots=True)
class MessageErrand:
    """A message on its way through the house: looked up, asked, answered. Nothing of it is kept, for it is a
    buyer's."""

    text: str
    pair: Pair
    guard: Guard
    languages: tuple[str, ...]

    @property
    def memory(self) -> frozenset[str]:
        draft = self._message({}).draft
        return frozenset() if isinstance(draft, Left) else frozenset(draft.keys)

    def plan(self, memory: Mapping[str, str]) -> Sequence[TranslateTexts]:
        request = self._message(memory).request
        return [request] if request else []

    def answer(self, memory: Mapping[str, str], answers: Answers) -> Said:
        reply = answer(self._message(memory), answers)
        return Said(reply.text, reply.reasons)

    def _message(self, memory: Mapping[str, str]) -> Message:
        found = {key: unpacked(value) for key, value in memory.items()}
        held = {key: entry for key, entry in found.items() if entry is not None and entry.origin is not Origin.FAULTY}
        return prepare(self.text, self.pair, self.guard, held, self.languages)


def errand(known: Context, text: str, source: Locale, target: Locale) -> MessageErrand:
    """A buyer's words in one of the shop's languages. Where no source is named, it is told from the text."""
    limits, shop = known.policy.translations, known.shop
    languages = tuple(dict.fromkeys((shop.primary_locale, *limits.locales, *shop.locales, target)))
    told = source or Locale(identify(text, languages)[0] or shop.primary_locale)
    entries = limits.glossary.get(target, {}) if told == shop.primary_locale else {}
    words = selected(entries, limits.protected_terms)
    pair = Pair(source=told, target=target, formality=limits.formality.get(target, ""), glossary=words)
    return MessageErrand(text, pair, Guard(terms=limits.protected_terms), languages)
