"""Reviews and customer messages, translated on demand through the same steps as listings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from chalicelib.contracts import Answers, TranslateTexts
from chalicelib.domain.catalogue import Text
from chalicelib.domain.evidence import Reason
from chalicelib.texts import identify
from functions.translation.drafts import MESSAGE, Draft, Left, drafted, finished, wanted
from functions.translation.memory import Pair, Remembered
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


def prepare(text: str, pair: Pair, guard: Guard, held: Mapping[str, Remembered]) -> Message:
    """Cut and protect a message of a buyer; it is plain text, whatever it looks like."""
    draft = drafted(
        Text(key=MESSAGE, value=text, digest=""),
        pair,
        guard,
        partial(identify, languages=(pair.source, pair.target)),
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
