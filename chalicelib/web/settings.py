"""Settings of one shop: how far each function may go, its limits, and the switch that stops everything."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus

from chalicelib import limits, policies
from chalicelib.connecting import note
from chalicelib.contracts import Capability, Function
from chalicelib.domain.ids import FunctionName
from chalicelib.domain.journal import Deed
from chalicelib.domain.shop import Mode, Policy
from chalicelib.errors import Conflict, NotAllowed
from chalicelib.web import fields
from chalicelib.web.answers import Answer
from chalicelib.web.fields import Field
from chalicelib.web.rendering import page
from chalicelib.web.visit import Missing, Visit


def overview(visit: Visit) -> Answer:
    """Every function with its mode, and the kill switch."""
    priced = Capability.PRICES in visit.services.marketplaces[visit.the_shop.marketplace].abilities(visit.the_shop)
    return page(visit, "settings.html", functions=_able(visit), modes=Mode, priced=priced)


def _able(visit: Visit) -> list[tuple[Function, Mode, bool]]:
    """Functions, their modes, and whether this store has a place for what they do."""
    abilities = visit.services.marketplaces[visit.the_shop.marketplace].abilities(visit.the_shop)
    return [
        (function, visit.the_policy.mode(name), bool(function.capabilities & abilities))
        for name, function in visit.services.functions.items()
    ]


def form(visit: Visit) -> Answer:
    """One function's mode and limits."""
    function = _function(visit)
    shown = [fields.field_of(limit, visit.the_policy) for limit in _limits(function)]
    return _form(visit, function, shown, visit.the_policy.mode(function.name))


def _form(
    visit: Visit,
    function: Function,
    shown: Sequence[Field],
    mode: Mode,
    *,
    status: int = 200,
    wrong: str = "",
) -> Answer:
    return page(
        visit, "limits.html", status=status, function=function, fields=shown, mode=mode,
        modes=limits.modes_of(function.capabilities), wrong=wrong, unable=_left_out(visit, function),
        version=visit.field("version") or str(visit.the_policy.version),
    )  # fmt: skip


def _left_out(visit: Visit, function: Function) -> list[str]:
    """What of this function this store leaves out, and what it cannot do for single markets, in words."""
    marketplace = visit.services.marketplaces[visit.the_shop.marketplace]
    abilities = marketplace.abilities(visit.the_shop)
    gaps = [says for one, says in marketplace.gaps.items() if one in function.capabilities & abilities]
    return gaps + [
        says
        for (whole, local), says in _FOR_ONE_MARKET.items()
        if whole in function.capabilities and local not in abilities
    ]


_FOR_ONE_MARKET = {
    (Capability.PRICES, Capability.MARKET_PRICES): (
        "This store has one price for all markets: local prices cannot be written here, so limits about markets and "
        "exchange rates have no effect."
    ),
    (Capability.TRANSLATIONS, Capability.MARKET_TEXTS): (
        "This store has the same texts for all markets, so units of single markets have no effect."
    ),
}


def save(visit: Visit) -> Answer:
    """Check everything, then write it if nobody was faster; the loser sees both versions."""
    function = _function(visit)
    chosen, mode = _written(visit, function), _mode(visit, function)
    base = replace(visit.the_policy, version=_version(visit))
    policy, shown = _policy(base, chosen)
    policy = replace(policy, modes={**base.modes, function.name: mode})
    if any(field.wrong for field in shown):
        wrong = "Nothing was saved: some fields need another look."
        return _form(visit, function, shown, mode, status=HTTPStatus.UNPROCESSABLE_ENTITY, wrong=wrong)
    try:
        _store(visit, policy, function.name)
    except Conflict:
        wrong = (
            "Somebody else changed these settings while you did, so nothing of yours was saved. "
            "Open the page again to see theirs; your entries are kept below until you leave."
        )
        return _form(visit, function, shown, mode, status=HTTPStatus.CONFLICT, wrong=wrong)
    return visit.say(visit.here("settings", function.name), "Saved.")


def _store(visit: Visit, policy: Policy, function: str = "") -> None:
    """Write a policy and say in the journal who changed what. Raises Conflict."""
    changes = list(policies.differences(visit.the_shop.id, visit.the_policy, policy))
    if policy.version != visit.the_policy.version:
        raise Conflict("the form was opened on an older version")
    if changes:
        visit.services.shops.save_policy(visit.the_shop.id, policy)
        words = "; ".join(f"{one.path}: {one.runs} → {one.wanted}" for one in changes)
        note(visit.services, visit.the_shop.id, Deed.SETTINGS, visit.who.email, words)


def pause(visit: Visit) -> Answer:
    """The kill switch: stop everything, or go on."""
    paused = visit.field("paused") == "1"
    policy = visit.the_policy
    for _ in range(3):
        if policy.paused == paused:
            break
        try:
            visit.services.shops.save_policy(visit.the_shop.id, replace(policy, paused=paused))
            note(
                visit.services, visit.the_shop.id, Deed.SETTINGS, visit.who.email,
                "everything stopped" if paused else "everything resumed",
            )  # fmt: skip
            break
        except Conflict:
            policy = visit.services.shops.policy(visit.the_shop.id)  # stopping must not lose a race
    words = "Everything is stopped: nothing is written." if paused else "Everything runs again."
    return visit.say(visit.here("settings"), words)


def _function(visit: Visit) -> Function:
    found = visit.services.functions.get(FunctionName(visit.parts["function"]))
    if found is None:
        raise Missing
    return found


def _limits(function: Function) -> Iterator[limits.Limit]:
    for group in limits.groups_of(function.capabilities):
        yield from limits.limits(group)


def _written(visit: Visit, function: Function) -> Mapping[limits.Limit, str]:
    """What the form says of each limit; a box that is not ticked is not sent."""
    return {limit: visit.field(limit.path) for limit in _limits(function)}


def _policy(base: Policy, chosen: Mapping[limits.Limit, str]) -> tuple[Policy, list[Field]]:
    """The policy that a form asks for, and its fields with what is wrong in each."""
    policy, shown = base, []
    for limit, text in chosen.items():
        try:
            policy = limit.put(policy, limit.read(fields.raw(limit, text)))
            shown.append(Field(limit, text))
        except ValueError as error:
            shown.append(Field(limit, text, wrong=str(error)))
    between = limits.inconsistent(policy)
    return policy, [replace(one, wrong=one.wrong or between.get(one.name, "")) for one in shown]


def _mode(visit: Visit, function: Function) -> Mode:
    allowed = {str(mode): mode for mode in limits.modes_of(function.capabilities)}
    if visit.field("mode") not in allowed:
        raise NotAllowed("Choose one of the modes.")
    return allowed[visit.field("mode")]


def _version(visit: Visit) -> int:
    text = visit.field("version")
    if not (text.isascii() and text.isdigit()):
        raise NotAllowed("This form is incomplete. Load the page again.")
    return int(text)
