"""The invariants of reliability, checked on a finished rehearsal."""

from dataclasses import dataclass, field

from chalicelib.counting import Tally, tally
from chalicelib.domain.events import from_message
from chalicelib.domain.ids import Target
from sandbox.bazaar import Effect
from sandbox.rehearsal.stage import Stage


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rehearsal came to."""

    accepted: int
    tally: Tally
    effects: int
    complaints: list[str] = field(default_factory=list)


def judge(stage: Stage) -> Verdict:
    """Every complaint, each naming its invariant; none means that all hold."""
    counted = tally(stage.records, stage.shops, _all(stage), clock=True)
    complaints = _ended_once(stage, counted)
    effects = [effect for stall in stage.bazaar.stalls.values() for effect in stall.effects]
    for stall in stage.bazaar.stalls.values():
        complaints += _effects(stall.effects)
    complaints += _converged(stage)
    return Verdict(len(stage.sent), counted, len(effects), complaints)


def _ended_once(stage: Stage, counted: Tally) -> list[str]:
    """I1: every accepted delivery ends once: counted by a claim, or in the dead-letter queue."""
    lost = counted.lost({from_message(body).delivery for body in stage.sent})
    return [f"I1 delivery {delivery} ended {counted.ended[delivery]} times" for delivery in lost]


def _all(stage: Stage) -> list[str]:
    bodies = []
    while batch := stage.dead.take(10):
        bodies += [message.body for message in batch]
    return bodies


def _effects(effects: list[Effect]) -> list[str]:
    """I2: no state of a product is written twice. I4: none is written after a newer one."""
    complaints = []
    newest: dict[Target, int] = {}
    for effect in effects:
        state = _state(effect)
        if state is None:
            continue
        before = newest.get(effect.target, 0)
        if state == before:
            complaints.append(f"I2 {effect.target} state {state} written twice")
        if state < before:
            complaints.append(f"I4 {effect.target} state {state} written after {before}")
        newest[effect.target] = max(before, state)
    return complaints


def _state(effect: Effect) -> int | None:
    if not isinstance(effect.value, tuple) or not effect.value:
        return None
    return int(effect.value[0].removeprefix("state-"))


def _converged(stage: Stage) -> list[str]:
    """In the end every store shows the list of its products' last state."""
    complaints = []
    for account, stall in stage.bazaar.stalls.items():
        for known in stall.products.values():
            shown = stall.values.get(Target(f"product/{known.id}/recommendations/related"))
            wanted = (f"state-{known.title.rpartition('-')[2]}",)
            if shown != wanted:
                complaints.append(f"{account}/{known.id} shows {shown}, should show {wanted}")
    return complaints
