"""Writes to a Shopify store and takes back: each kind of action has its module, this shares out the work."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.contracts import Change, Receipt
from chalicelib.domain.actions import (
    Action,
    AssessOrder,
    HoldOrder,
    PublishTranslation,
    SetPrice,
    SetRecommendations,
    Snapshot,
    TagOrder,
)
from chalicelib.domain.ids import Target
from chalicelib.domain.shop import Shop
from chalicelib.errors import AppError, Gone, StaleState, UnsupportedAction
from integrations.shopify import lists, prices, publishing, screening, texts
from integrations.shopify.changes import Todo, attempt, decide, halfway, same
from integrations.shopify.connection import Connection

NO_LIST = "This market has no price list of its own in Shopify, so it cannot have prices of its own."

type Answers = dict[int, Receipt | AppError]


class Desk:
    """Where changes for one store are read, written and put back."""

    def __init__(self, shop: Shop, connection: Connection) -> None:
        self._shop, self._connection = shop, connection
        self._known_lists: prices.Lists | None = None

    def read(self, actions: Sequence[Action]) -> Mapping[Target, Snapshot]:
        """Snapshots by target; a target that is gone, or that this store cannot have, is absent."""
        known = [action for action in actions if _sound(action)]
        found: dict[Target, Snapshot] = {}
        if recommended := [a for a in known if isinstance(a, SetRecommendations)]:
            found |= lists.read(self._connection, recommended)
        if priced := [a for a in known if isinstance(a, SetPrice) and a.market is None]:
            found |= prices.read(self._connection, priced, self._shop.currency)
        if local := [a for a in known if isinstance(a, SetPrice) and a.market is not None]:
            found |= prices.read_market(self._connection, local, self._lists)
        if ordered := [a for a in known if isinstance(a, AssessOrder | HoldOrder | TagOrder)]:
            found |= screening.read(self._connection, ordered)
        if worded := [a for a in known if isinstance(a, PublishTranslation)]:
            found |= publishing.read(self._connection, worded)
        return found

    def apply(self, changes: Sequence[Change]) -> Sequence[Receipt | Exception]:
        """One answer per change, in order; a change that fails does not stop the others."""
        present = attempt(self.read, [change.action for change in changes])
        if isinstance(present, AppError):
            return [present for _ in changes]
        answers: Answers = {}
        todos: list[Todo[Any]] = []
        for place, change in enumerate(changes):
            decided = attempt(self._decide, place, change, present.get(change.action.target))
            if isinstance(decided, Todo):
                todos.append(decided)
            else:
                answers[place] = decided
        answers |= self._write(todos)
        return [answers[place] for place in range(len(changes))]

    def restore(self, change: Change, after: Snapshot) -> Receipt:
        """Put ``change.before`` back if the store still holds ``after``. Raises StaleState otherwise."""
        now = self.read([change.action]).get(change.action.target)
        if now is None:
            raise Gone
        if same(now.value, change.before.value):
            return Receipt(after=now, wrote=False)
        if not same(now.value, after.value) and not halfway(change, now):
            raise StaleState
        answer = self._put_back(Todo(0, change.action, now), change.before)
        if isinstance(answer, AppError):
            raise answer
        return answer

    def _decide(self, place: int, change: Change, now: Snapshot | None) -> Todo[Action] | Receipt:
        action = change.action
        if isinstance(action, SetPrice) and action.market is not None and action.market not in self._lists:
            raise UnsupportedAction(NO_LIST)
        return decide(place, change, now, self._shop.currency)

    def _write(self, todos: Sequence[Todo[Any]]) -> Answers:
        connection = self._connection
        own = [todo for todo in todos if isinstance(todo.action, SetPrice) and todo.action.market is None]
        local = [todo for todo in todos if isinstance(todo.action, SetPrice) and todo.action.market is not None]
        groups: list[tuple[list[Todo[Any]], Callable[[list[Todo[Any]]], Answers]]] = [
            (_of(todos, SetRecommendations), lambda group: lists.write(connection, group)),
            (own, lambda group: prices.write(connection, group, self._shop.currency)),
            (local, lambda group: prices.write_market(connection, group, self._lists)),
            *((group, self._publish) for group in _by_resource(_of(todos, PublishTranslation))),
            *(([todo], self._screen) for todo in _of(todos, AssessOrder | HoldOrder | TagOrder)),
        ]
        answers: Answers = {}
        for group, write in groups:
            if group:
                answers |= _together(write, group)
        return answers

    def _publish(self, group: Sequence[Todo[Any]]) -> Answers:
        return publishing.write(self._connection, group)

    def _screen(self, group: Sequence[Todo[Any]]) -> Answers:
        return {todo.place: screening.write(self._connection, todo) for todo in group}

    def _put_back(self, todo: Todo[Any], before: Snapshot) -> Receipt | AppError:
        action: Action = todo.action
        match action:
            case SetRecommendations():
                return lists.put_back(self._connection, todo, before)
            case SetPrice() if action.market is not None:
                return prices.put_back_market(self._connection, todo, before, self._lists)
            case SetPrice():
                return prices.put_back(self._connection, todo, before, self._shop.currency)
            case PublishTranslation():
                return publishing.put_back(self._connection, todo, before)
            case AssessOrder() | HoldOrder() | TagOrder():
                return screening.put_back(self._connection, todo, before)

    @property
    def _lists(self) -> prices.Lists:
        """Asked for once per client: markets change rarely, and a client lives for one piece of work."""
        if self._known_lists is None:
            self._known_lists = prices.markets(self._connection)[1]
        return self._known_lists


def _sound(action: Action) -> bool:
    """Whether its ids can be Shopify's at all; others name nothing there."""
    if isinstance(action, PublishTranslation):
        return texts.sound(action.resource_id)
    variant = action.variant_id if isinstance(action, SetPrice) else "0"
    return action.resource.isdigit() and variant.isdigit()


def _of(todos: Sequence[Todo[Any]], kind: Any) -> list[Todo[Any]]:
    return [todo for todo in todos if isinstance(todo.action, kind)]


def _by_resource(todos: Sequence[Todo[Any]]) -> list[list[Todo[Any]]]:
    """What is published of one product goes together: its sources are looked at once for all languages."""
    groups: dict[str, list[Todo[Any]]] = {}
    for todo in todos:
        groups.setdefault(todo.action.resource, []).append(todo)
    return list(groups.values())


def _together(write: Callable[[list[Todo[Any]]], Answers], group: list[Todo[Any]]) -> Answers:
    """A group's answers; an error that stopped the whole group is everybody's answer."""
    try:
        return write(group)
    except AppError as error:
        return {todo.place: error for todo in group}
