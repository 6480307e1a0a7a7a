"""Writes to a WooCommerce store and takes back: read, compare, send in batches, read again."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from chalicelib.contracts import Change, Receipt
from chalicelib.domain.actions import Action, PublishTranslation, Snapshot, TagOrder
from chalicelib.domain.shop import Shop
from chalicelib.errors import AppError, Gone, StaleState, UnsupportedAction
from integrations.woocommerce import drafts
from integrations.woocommerce.answers import Note
from integrations.woocommerce.connection import Connection, parsed
from integrations.woocommerce.drafts import Draft, number
from integrations.woocommerce.snapshots import Snapshots
from integrations.woocommerce.translations import Translator

NO_TAGS = "WooCommerce orders have no tags. The risk level is left on the order and in a note instead."

type Answers = dict[int, Receipt | Exception]
"""By the change's place in the list it came in."""


class Desk:
    """Where changes for one store are written."""

    def __init__(self, shop: Shop, connection: Connection, snapshots: Snapshots, translator: Translator) -> None:
        self._shop, self._connection = shop, connection
        self._snapshots, self._translator = snapshots, translator

    def apply(self, changes: Sequence[Change]) -> Sequence[Receipt | Exception]:
        """One answer per change, in order; a change that fails does not stop the others."""
        answers: Answers = {}
        batched: dict[int, Change] = {}
        for place, change in enumerate(changes):
            action = change.action
            if isinstance(action, PublishTranslation):
                answers[place] = _attempt(self._translator.apply, change, action)
            elif isinstance(action, TagOrder):
                answers[place] = UnsupportedAction(NO_TAGS)
            else:
                batched[place] = change
        answers |= self._apply(batched)
        return [answers[place] for place in range(len(changes))]

    def restore(self, change: Change, after: Snapshot) -> Receipt:
        """Put ``change.before`` back if the store still holds ``after``. Raises StaleState otherwise."""
        action = change.action
        if isinstance(action, PublishTranslation):
            return self._translator.restore(change, action, after)
        if isinstance(action, TagOrder):
            raise UnsupportedAction(NO_TAGS)
        now = self._snapshots.present(action)
        if drafts.same(now.value, change.before.value):
            return Receipt(after=now, wrote=False)
        if not drafts.same(now.value, after.value):
            raise StaleState
        draft = drafts.backward(action, change.before)
        errors = self._connection.update_all(draft.path, [{"id": draft.id, **draft.fields}])
        if draft.id in errors:
            raise errors[draft.id]
        return Receipt(after=self._snapshots.present(action))

    def _apply(self, batched: Mapping[int, Change]) -> Answers:
        """Read right before, send what differs, read right after."""
        if not batched:
            return {}
        present = _attempt(self._snapshots.read, [change.action for change in batched.values()])
        if isinstance(present, AppError):
            return dict.fromkeys(batched, present)
        answers: Answers = {}
        sent: dict[int, Draft] = {}
        for place, change in batched.items():
            decided = _attempt(self._decide, change, present.get(change.action.target))
            if isinstance(decided, Draft):
                sent[place] = decided
            else:
                answers[place] = decided
        answers |= self._send(sent)
        written = {place: batched[place] for place in sent if place not in answers}
        return answers | self._confirm(written)

    def _decide(self, change: Change, now: Snapshot | None) -> Draft | Receipt:
        """What to send, or a receipt where nothing is to be done. Raises Gone or StaleState."""
        if drafts.in_market(change.action):
            raise UnsupportedAction("WooCommerce has one price per product, for all markets.")
        if now is None:
            raise Gone
        if drafts.same(now.value, drafts.wanted(change.action, self._shop.currency)):
            return Receipt(after=now, wrote=False)
        if not drafts.same(now.value, change.before.value):
            raise StaleState
        draft = drafts.forward(change.action, now, self._shop.currency)
        self._annotate(change.action)
        return draft

    def _send(self, sent: Mapping[int, Draft]) -> dict[int, Exception]:
        """One batch per collection; two drafts for one object travel as one row."""
        failed: dict[int, Exception] = {}
        by_path: dict[str, list[int]] = defaultdict(list)
        for place, draft in sent.items():
            by_path[draft.path].append(place)
        for path, places in by_path.items():
            rows: dict[int, dict[str, object]] = {}
            for place in places:
                rows.setdefault(sent[place].id, {"id": sent[place].id}).update(sent[place].fields)
            errors = _attempt(self._connection.update_all, path, list(rows.values()))
            if isinstance(errors, AppError):
                failed |= dict.fromkeys(places, errors)
            else:
                failed |= {place: errors[sent[place].id] for place in places if sent[place].id in errors}
        return failed

    def _annotate(self, action: Action) -> None:
        """Leave an internal note on the order, once: an earlier attempt may have left it already."""
        text = drafts.note(action)
        if not text:
            return
        path = f"orders/{number(action.resource)}/notes"
        held = parsed(list[Note], self._connection.get(path, type="internal").data)
        if all(note.note.strip() != text for note in held):
            self._connection.post(path, {"note": text, "customer_note": False})

    def _confirm(self, written: Mapping[int, Change]) -> Answers:
        """What the store holds right after: where it is not what we sent, somebody came between."""
        if not written:
            return {}
        present = _attempt(self._snapshots.read, [change.action for change in written.values()])
        if isinstance(present, AppError):
            return dict.fromkeys(written, present)
        return {place: self._confirmed(change, present.get(change.action.target)) for place, change in written.items()}

    def _confirmed(self, change: Change, after: Snapshot | None) -> Receipt | Exception:
        if after is None:
            return Gone()
        if drafts.same(after.value, drafts.wanted(change.action, self._shop.currency)):
            return Receipt(after=after)
        return StaleState("It was changed in the store while we wrote; that change stays.")


def _attempt[**P, R](work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | AppError:
    """The result, or the expected error as an answer."""
    try:
        return work(*args, **kwargs)
    except AppError as error:
        return error
