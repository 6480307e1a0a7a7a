"""From finished fields to a proposal: what may be published, what waits for a person, and the reasons for
both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.contracts import Context
from chalicelib.domain.actions import PublishTranslation, Sentiment, Snapshot, TranslatedField
from chalicelib.domain.evidence import Fact, Facts, Reason, TextDifference
from chalicelib.domain.ids import FunctionName
from chalicelib.domain.proposals import RULES, ModelVersion, Proposal, proposal_id
from functions.translation import handles
from functions.translation.drafts import Finished, Sentence
from functions.translation.memory import Origin, Pair
from functions.translation.ownership import Standing
from functions.translation.quality import Estimator, Judgement
from functions.translation.work import Work, product_of

NAME = FunctionName("translation")
_KEPT = Judgement(1.0)


@dataclass(frozen=True, slots=True)
class Judged:
    """A finished field with a judgement per sentence."""

    finished: Finished
    judgements: tuple[Judgement, ...]

    @property
    def quality(self) -> float | None:
        """Mean estimate over sentences, by length; None where one of them could not be estimated."""
        weights = [max(1, len(sentence.source)) for sentence in self.finished.sentences]
        scores = [judgement.quality for judgement in self.judgements]
        known = [score for score in scores if score is not None]
        if len(known) < len(scores) or not scores:
            return None
        return sum(w * s for w, s in zip(weights, known, strict=True)) / sum(weights)

    @property
    def flags(self) -> tuple[Reason, ...]:
        """What a person should look at, once each."""
        found = [flag for judgement in self.judgements for flag in judgement.flags]
        return tuple(dict.fromkeys([*self.finished.barred, *self.finished.doubts, *found]))

    @property
    def doubtful(self) -> bool:
        """Whether something asks for a person; remarks (weight below zero) do not."""
        return any(flag.weight >= 0 for flag in self.flags)


@dataclass(frozen=True, slots=True)
class Offer:
    """A proposal, and the fields of ours in it."""

    proposal: Proposal
    published: tuple[Finished, ...]


def judged(complete: Sequence[Finished], pair: Pair, estimator: Estimator | None) -> list[Judged]:
    """Judge every sentence that is new; remembered ones keep their judgement, a merchant's words are not judged."""
    known = [[_known(one, sentence, pair, estimator) for sentence in one.sentences] for one in complete]
    asked = [
        (sentence.source, sentence.target)
        for one, row in zip(complete, known, strict=True)
        for sentence, judgement in zip(one.sentences, row, strict=True)
        if judgement is None
    ]
    fresh = iter(estimator.judge(asked, pair) if estimator else [Judgement(None)] * len(asked))
    return [
        Judged(one, tuple(
            _with_terms(one, sentence, judgement or next(fresh), pair)
            for sentence, judgement in zip(one.sentences, row, strict=True)
        ))
        for one, row in zip(complete, known, strict=True)
    ]  # fmt: skip


def _known(one: Finished, sentence: Sentence, pair: Pair, estimator: Estimator | None) -> Judgement | None:
    """What needs no look: nothing barred is judged, a merchant's words are right, the memory knows the rest."""
    if one.barred:
        return Judgement(None)
    held = sentence.held
    if held is not None and held.origin is Origin.MERCHANT:
        return _KEPT
    return estimator.again(sentence.source, sentence.target, held, pair) if estimator and held else None


def _with_terms(one: Finished, sentence: Sentence, found: Judgement, pair: Pair) -> Judgement:
    """The glossary's words that the translation does not use are flags too; they are the shop's, not the model's."""
    if one.barred or found is _KEPT:
        return found
    return replace(found, flags=(*found.flags, *pair.glossary.unused(sentence.source, sentence.target)))


def proposal(context: Context, work: Work, complete: Sequence[Judged]) -> Offer | None:
    """What to publish in one language, or None where nothing may or need be.

    Fields that failed their proof are left out and shown. A person's outdated wording is offered for
    replacement only
    when nothing of ours is to be renewed, and always for review: what we own goes its own way.
    """
    sound = [one for one in complete if not one.finished.barred]
    ours = [one for one in sound if _standing(work, one) is not Standing.EDITED_OUTDATED]
    chosen = ours or sound
    if not chosen:
        return _again(context, work)
    action = _action(work, chosen)
    if context.policy.translations.translate_handles and ours and work.market is None:
        action = _with_address(action, work)
    existing = dict(_existing(work))
    if all(existing.get(field.key) == field.value for field in action.fields) and not _renews(work, chosen):
        return None
    theirs = not ours
    review, confidence = _verdict(context, work, chosen, theirs=theirs)
    made = Proposal(
        id=proposal_id(context.event.id, NAME, action.target), shop_id=context.shop.id, function=NAME,
        action=action, before=_before(context, work, action),
        reasons=_reasons(work, chosen, complete, theirs=theirs),
        evidence=_evidence(work, chosen, complete), confidence=confidence, model=_model(chosen),
        worth=float(sum(len(one.finished.value) for one in chosen)), title=_title(context, work),
        review=review, event_id=context.event.id, created_at=context.now,
    )  # fmt: skip
    return Offer(made, tuple(one.finished for one in chosen))


def _again(context: Context, work: Work) -> Offer | None:
    """What we published already, said once more: the pipeline finds that nothing changes and leaves it at
    that.

    A worker can die between the decision, the write and the record of it. When the event comes back, the
    store may hold
    our words already; a proposal of the same name lets the pipeline take up what was left lying.
    """
    action = _action(work, ())
    if not action.fields:
        return None
    before = _before(context, work, action)
    made = Proposal(
        id=proposal_id(context.event.id, NAME, action.target), shop_id=context.shop.id, function=NAME,
        action=action, before=before, reasons=(Reason(text="It was published already."),), confidence=1.0,
        model=RULES, title=_title(context, work), event_id=context.event.id, created_at=context.now,
    )  # fmt: skip
    return Offer(made, ())


def _renews(work: Work, chosen: Sequence[Judged]) -> bool:
    """Whether the store is to be told that a text is up to date again, although its words stay the same."""
    return any(one.finished.draft.field.key in work.texts.outdated for one in chosen)


def _standing(work: Work, one: Judged) -> Standing:
    return work.standings[one.finished.draft.field.key]


def _existing(work: Work) -> list[tuple[str, str]]:
    return [(text.key, text.value) for text in work.texts.existing]


def _action(work: Work, chosen: Sequence[Judged]) -> PublishTranslation:
    """New values, and those of ours that stand there and are still right.

    What we wrote last and what we write now then cover the same fields, so that a person's edit in between
    shows. A person's wording is never among them, unless it is the one to be replaced.
    """
    fields = {text.key: text for text in work.texts.source}
    held = {
        key: TranslatedField(key=key, value=value, source_digest=fields[key].digest)
        for key, value in _existing(work)
        if work.standings.get(key) is Standing.CURRENT
    }
    for one in chosen:
        field = one.finished.draft.field
        held[field.key] = TranslatedField(key=field.key, value=one.finished.value, source_digest=field.digest)
    return work.publishing([held[key] for key in sorted(held)])


def _with_address(action: PublishTranslation, work: Work) -> PublishTranslation:
    """The same action with the address in the other language, and a redirect from the old one."""
    found = handles.translated(work, handles.title_of(action.fields, work.texts.existing))
    if found is None:
        return action
    field, old = found
    fields = tuple(sorted((*action.fields, field), key=lambda one: one.key))
    return replace(action, fields=fields, redirect_from=old)


def _before(context: Context, work: Work, action: PublishTranslation) -> Snapshot:
    """What stands in the action's fields now."""
    touched = {field.key for field in action.fields}
    value = {key: value for key, value in _existing(work) if key in touched}
    return Snapshot(value=value or None, read_at=context.now)


def _verdict(context: Context, work: Work, chosen: Sequence[Judged], *, theirs: bool) -> tuple[bool, float]:
    """Whether a person must look, and how sure we are: the weakest field's quality."""
    scores = [one.quality for one in chosen]
    known = [score for score in scores if score is not None]
    confidence = min(known) if len(known) == len(scores) else 0.5
    unsure = len(known) < len(scores) or confidence < float(context.policy.translations.quality_for(work.locale))
    return theirs or unsure or any(one.doubtful for one in chosen), confidence


def _reasons(work: Work, chosen: Sequence[Judged], complete: Sequence[Judged], *, theirs: bool) -> tuple[Reason, ...]:
    """Doubts first, then what happened."""
    flags = [flag for one in complete for flag in one.flags]
    found = [
        Reason(text=f.text, values=f.values, weight=1.0, sentiment=Sentiment.NEGATIVE) for f in flags if f.weight >= 0
    ]
    found += [flag for flag in flags if flag.weight < 0]
    if theirs:
        says = "You edited this translation and its source changed since; nothing is replaced unless you say so."
        found.insert(0, Reason(text=says, weight=1.0))
    if any(one.quality is None for one in chosen):
        found.append(Reason(text="The quality of this language cannot be estimated, so please look at it.", weight=0.5))
    if work.market is not None:
        says = "Only for the market {market}, whose units or sizes differ from those of the other markets."
        found.append(Reason(text=says, values=(("market", work.market.name),)))
    found.append(Reason(text=_CAUSES[_cause(work, chosen)], values=(("count", str(len(chosen))),)))
    return tuple(dict.fromkeys((*found, *work.pair.glossary.conflicts)))


_CAUSES = {
    Standing.MISSING: "{count} texts have no translation yet.",
    Standing.OUTDATED: "{count} texts changed since they were translated.",
}


def _cause(work: Work, chosen: Sequence[Judged]) -> Standing:
    missing = any(_standing(work, one) is Standing.MISSING for one in chosen)
    return Standing.MISSING if missing else Standing.OUTDATED


def _evidence(work: Work, chosen: Sequence[Judged], complete: Sequence[Judged]) -> tuple[TextDifference | Facts, ...]:
    existing = dict(_existing(work))
    shown = [
        _difference(work, one, existing.get(one.finished.draft.field.key, ""), editable=one in chosen)
        for one in complete
    ]
    reused = sum(s.held is not None for one in chosen for s in one.finished.sentences)
    total = sum(len(one.finished.sentences) for one in chosen)
    facts = (
        Fact(label="Sentences", value=str(total)),
        Fact(label="From memory, free of charge", value=str(reused)),
    )
    return (*shown, Facts(title="How it was made", facts=facts))


def _difference(work: Work, one: Judged, before: str, *, editable: bool) -> TextDifference:
    """One field side by side; what failed its proof is not even shown as a candidate."""
    field = one.finished.draft.field
    written = next((text.value for text in work.texts.source if text.key == field.key), field.value)
    return TextDifference(
        field=field.key, locale=work.locale, source=written, before=before,
        after=before if one.finished.barred else one.finished.value,
        quality=one.quality, flags=one.flags, editable=editable,
    )  # fmt: skip


def _model(chosen: Sequence[Judged]) -> ModelVersion:
    named = (judgement.model for one in chosen for judgement in one.judgements if judgement.model is not None)
    return next(named, RULES)


def _title(context: Context, work: Work) -> str:
    product = product_of(context)
    title = next((text.value for text in work.texts.source if text.key in {"title", "name"}), "")
    return title or (product.title if product else work.resource)
