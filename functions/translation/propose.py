"""Translation as a function: what to read, what to ask the engine, what to publish and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from chalicelib.contracts import (
    Answers,
    Artifact,
    Capability,
    Context,
    CounterUpdate,
    Decision,
    EngineRequest,
    Errand,
    Function,
    Material,
    Models,
    Needs,
    Taken,
    TextPlace,
)
from chalicelib.domain.events import EventKind, Trigger
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import FunctionName, Locale, MarketId, ProductId
from functions.translation import handing, memory, messages, ownership
from functions.translation.drafts import Finished, Sentence, finished, remembered
from functions.translation.learning import learned
from functions.translation.memory import Origin, Remembered
from functions.translation.publishing import Judged, judged, proposal
from functions.translation.quality import Judgement, estimator
from functions.translation.restore import restored
from functions.translation.work import Work, chosen_words, locales, markets, memory_keys, places, product_of, works


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
        places = ("", *(market.id for market in markets(known)))
        texts = frozenset(TextPlace(resource, one, MarketId(market)) for one in locales(known) for market in places)
        catalogue = frozenset({ProductId(resource)})
        found = works(known)
        return Needs(
            texts=texts,
            catalogue=catalogue,
            written=frozenset(work.target for work in found),
            memory=frozenset(key for work in found for key in memory_keys(work)),
        )

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        """Nothing is counted per event; characters are counted where they are spent."""
        return ()

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        """Per language only the sentences that the memory lacks."""
        return [request for work in works(context) for request in work.requests(_about(context))]

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        """One proposal per language in which something may be published, and what was learned on the way."""
        parts = [_decided(context, work, answers, models) for work in works(context)]
        return Decision(
            proposals=[p for part in parts for p in part.proposals],
            remember={key: value for part in parts for key, value in part.remember.items()},
            considered=sum(part.considered for part in parts),
            notes=[note for part in parts for note in part.notes],
        )

    def errand(self, known: Context, text: str, source: Locale, target: Locale) -> Errand:
        """A review or a message on demand."""
        return messages.errand(known, text, source, target)

    @property
    def memory_prefix(self) -> str:
        """The translation memory alone; ledgers stay here."""
        return handing.PREFIX

    def export_memory(self, entries: Iterable[tuple[str, str]], form: str) -> str:
        """TMX for translators' tools, CSV for spreadsheets."""
        return handing.exported(entries, form)

    def import_memory(self, known: Context, document: str, form: str) -> Taken:
        """What another tool, or we ourselves, wrote."""
        return handing.imported(known, document, form)

    def conflicts(self, known: Context, target: Locale) -> Sequence[Reason]:
        """Glossary entries that contradict each other, or what is protected."""
        return chosen_words(known, target).conflicts

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        """The quality estimate is the same for every shop; a shop's own knowledge is its memory."""
        return ()


FUNCTION: Function = Translation()


def _about(context: Context) -> str:
    """What the engine is told beside the texts, unpaid: the title and kind of the product."""
    product = product_of(context)
    return " · ".join(part for part in (product.title, product.product_type) if part) if product else ""


def _decided(context: Context, work: Work, answers: Answers, models: Models) -> Decision:
    fresh, failures = _answers(context, work, answers)
    if work.base is not None:
        others, theirs = _answers(context, work.base, answers)
        fresh, failures = {**others, **fresh}, [*failures, *theirs]
    done = [finished(draft, work.held, fresh) for draft in work.drafts]
    complete = judged([one for one in done if one], work.pair, estimator(models))
    offer = None if failures else proposal(context, work, complete)  # a page half in another language helps nobody
    kept = {**_unjudged(context, work, fresh), **_remembered(context, complete, work)}
    marks = _marks(work, offer.published if offer else ())
    return Decision(
        proposals=[offer.proposal] if offer else [],
        remember={**learned(work, context.now), **kept, **marks},
        considered=len(work.standings),
        notes=[
            *_notes(work, complete),
            *(f"{work.locale}: {why} The texts stay as they are." for why in failures),
        ],
    )


def _answers(context: Context, work: Work, answers: Answers) -> tuple[dict[str, str], list[str]]:
    """Fresh answers by sentence, and why the others are missing."""
    found: list[str | None] = []
    failures: dict[str, None] = {}
    for request in work.requests(_about(context)):
        said = answers.texts.get(request)
        if said is None or len(said) != len(request.texts):
            failures[answers.failed.get(request, "The engine left texts unanswered.")] = None
            found += [None] * len(request.texts)
        else:
            found += said
    return {key: text for key, text in zip(work.missing(), found, strict=True) if text is not None}, list(failures)


def _unjudged(context: Context, work: Work, fresh: Mapping[str, str]) -> dict[str, str]:
    """What was paid for is kept even where its field could not be finished yet."""
    at = context.now.isoformat()
    found = {}
    for key, segment in work.missing().items():
        if key in fresh:
            sentence = Sentence(key, segment, restored(fresh[key], segment), None)
            found[key] = memory.packed(remembered(sentence, work.pair, at=at))
    return found


def _remembered(context: Context, complete: Sequence[Judged], work: Work) -> dict[str, str]:
    """Sentences for the memory, each with its estimate, so that neither is made twice."""
    at = context.now.isoformat()
    return {
        sentence.key: memory.packed(_with(judgement, sentence.held or remembered(sentence, work.pair, at=at)))
        for one in complete
        for sentence, judgement in zip(one.finished.sentences, one.judgements, strict=True)
        if sentence.held is None or _judged_anew(judgement, sentence.held)
    }


def _judged_anew(judgement: Judgement, held: Remembered) -> bool:
    return judgement.model is not None and judgement.model.sha256 != held.judge


def _with(judgement: Judgement, entry: Remembered) -> Remembered:
    if judgement.model is None or entry.origin is Origin.FAULTY:
        return entry
    doubt = judgement.doubt.text if judgement.doubt else None
    return replace(entry, quality=judgement.quality, doubt=doubt, judge=judgement.model.sha256)


def _marks(work: Work, published: Sequence[Finished]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in published:
        field = one.draft.field
        found |= ownership.proposing(places(work, field, one.value), field)
    return found


def _notes(work: Work, complete: Sequence[Judged]) -> list[str]:
    where = f"{work.locale}, {work.market.name}" if work.market else work.locale
    notes = [f"{where}, {left.field.key}: {left.reason}" for left in work.left]
    return notes + [
        f"{where}, {one.finished.draft.field.key}: {reason} The source text stays."
        for one in complete
        for reason in one.finished.barred
    ]
