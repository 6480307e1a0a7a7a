"""The counting equation: what became of every delivery that was accepted.

accepted = duplicate + done (applied, proposed, unchanged) + skipped + refused + problem + dead
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.events import from_message
from chalicelib.domain.ids import ShopId
from chalicelib.domain.journal import DONE, Outcome
from chalicelib.ports import Records
from chalicelib.storage import places
from chalicelib.storage.places import Kind


@dataclass(frozen=True, slots=True)
class Tally:
    """How deliveries ended."""

    outcomes: Counter[str]
    ended: Counter[str]
    """Per delivery, how often it was counted: once, if all is well."""

    @property
    def done(self) -> int:
        """Applied, proposed or unchanged."""
        return sum(self.outcomes[str(outcome)] for outcome in DONE)

    @property
    def total(self) -> int:
        """The right-hand side of the equation."""
        return sum(self.outcomes.values())

    def lost(self, deliveries: Iterable[str]) -> list[str]:
        """Deliveries that were accepted and did not end exactly once."""
        return [delivery for delivery in deliveries if self.ended[delivery] != 1]


def tally(
    records: Records, shops: Iterable[ShopId], dead: Iterable[str], *, clock: bool = False
) -> Tally:
    """Count from the claims and the bodies in the dead-letter queue; slow, for audits and demonstrations.

    ``clock`` counts the messages of our own clock too.
    """
    outcomes: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for shop in shops:
        for record in places.every(records, shop, Kind.CLAIM):
            if record.body.get("clock") and not clock:
                continue
            for position, delivery in enumerate(record.body.get("deliveries", ())):
                ended[delivery] += 1
                outcomes[record.body["outcome"] if position == 0 else str(Outcome.DUPLICATE)] += 1
    for body in dead:
        event = from_message(body)
        delivery = event.delivery
        if event.scheduled and not clock:
            continue
        if not ended[delivery]:
            ended[delivery] += 1
            outcomes[str(Outcome.DEAD)] += 1
    return Tally(outcomes, ended)
