"""Translation as a function: what to read, what to ask the engine, what to publish and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from chalicelib.contracts import (
    Answers,
    Artifact,
    Capability,
    Context,
    CounterUpdate,
    Decision,
    EngineRequest,
    Material,
    Models,
    Needs,
)
from chalicelib.domain.events import EventKind, Trigger
from chalicelib.domain.ids import FunctionName, ProductId
from functions.translation import memory, ownership
from functions.translation.drafts import Finished, finished, remembered
from functions.translation.learning import learned
from functions.translation.memory import Remembered
from functions.translation.publishing import Judged, judged, proposal
from functions.translation.quality import estimator
from functions.translation.work import Work, locales, memory_keys, product_of, works


class Translation:
    """Re-translates what changed, proves every placeholder, keeps every manual edit, says how sure it is."""

    name = FunctionName("translation")
    label = "Translation"
    triggers: frozenset[Trigger] = frozenset({EventKind.PRODUCT_CHANGED})
    capabilities = frozenset({Capability.TRANSLATIONS})

    def reads(self, known: Context, models: Models) -> Needs:
        """First the texts in every language, then what the memory holds of their sentences."""
        resource = known.event.resource
        if not resource or not locales(known):
            return Needs()
        texts = frozenset((resource, locale) for locale in locales(known))
        catalogue = frozenset({ProductId(resource)})
        found = works(known)
        return Needs(
            texts=texts,
            catalogue=catalogue,
            targets=frozenset(work.action for work in found),
            memory=frozenset(key for work in found for key in memory_keys(work)),
        )

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        """Nothing is counted per event; characters are counted where they are spent."""
        return ()

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        """One request per language, holding only the sentences that the memory lacks."""
        requests = (work.request(_about(context)) for work in works(context))
        return [request for request in requests if request is not None]

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        """One proposal per language in which something may be published, and what was learned on the way."""
        parts = [_decided(context, work, answers, models) for work in works(context)]
        return Decision(
            proposals=[p for part in parts for p in part.proposals],
            remember={key: value for part in parts for key, value in part.remember.items()},
            considered=sum(part.considered for part in parts),
            notes=[note for part in parts for note in part.notes],
        )

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        """The quality estimate is the same for every shop; a shop's own knowledge is its memory."""
        return ()


TRANSLATION = Translation()


def _about(context: Context) -> str:
    """What the engine is told beside the texts, unpaid: the title and kind of the product."""
    product = product_of(context)
    return " · ".join(part for part in (product.title, product.product_type) if part) if product else ""


def _decided(context: Context, work: Work, answers: Answers, models: Models) -> Decision:
    taught = learned(work, context.now)
    request = work.request(_about(context))
    if request is not None and request in answers.failed:
        note = f"{work.locale}: {answers.failed[request]} The texts stay as they are."
        return Decision(remember=taught, considered=len(work.drafts), notes=[note])
    fresh = dict(zip(work.missing(), answers.texts.get(request, ()) if request else (), strict=False))
    done = [finished(draft, work.held, fresh) for draft in work.drafts]
    complete = judged([one for one in done if one], work.pair, estimator(models))
    kept = _remembered(context, complete, work.held)
    offer = proposal(context, work, complete)
    marks = _marks(work, offer.published if offer else ())
    return Decision(
        proposals=[offer.proposal] if offer else [],
        remember={**taught, **kept, **marks},
        considered=len(work.standings),
        notes=_notes(work, done, complete),
    )


def _remembered(
    context: Context, complete: Sequence[Judged], held: Mapping[str, Remembered]
) -> dict[str, str]:
    """Fresh sentences for the memory, each with its estimate, so that neither is made twice."""
    at = context.now.isoformat()
    return {
        sentence.key: memory.packed(remembered(sentence, at=at, quality=judgement.quality))
        for one in complete
        for sentence, judgement in zip(one.finished.sentences, one.judgements, strict=True)
        if sentence.key not in held
    }


def _marks(work: Work, published: Sequence[Finished]) -> dict[str, str]:
    found = {}
    for one in published:
        field = one.draft.field
        mark = work.marks.get(field.key) or ownership.Mark(field.digest)
        place = ownership.place(work.resource, work.locale, field.key)
        found[place] = mark.proposing(field.digest, one.value).packed()
    return found


def _notes(work: Work, done: Sequence[Finished | None], complete: Sequence[Judged]) -> list[str]:
    notes = [f"{work.locale}, {left.field.key}: {left.reason}" for left in work.left]
    notes += [
        f"{work.locale}, {one.finished.draft.field.key}: {reason} The source text stays."
        for one in complete
        for reason in one.finished.barred
    ]
    missing = sum(one is None for one in done)
    return [*notes, f"{work.locale}: the engine left {missing} texts unanswered."] if missing else notes


def without_engine(work: Work) -> Work:
    """The same work with nothing in the memory: what translating everything anew would take."""
    return replace(work, held={})
