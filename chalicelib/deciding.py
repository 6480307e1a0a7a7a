"""What people decide: approve, dismiss, undo. Guardrails are asked again on fresh data before every write."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from chalicelib import guardrails, orders
from chalicelib.applying import (
    accepted_tally,
    change_of,
    close,
    journal_entry,
    leave_alone,
    record_applied,
    situate,
)
from chalicelib.contracts import Receipt, StoreClient
from chalicelib.domain.actions import Action, SetPrice, digest_of, intended
from chalicelib.domain.ids import ProposalId, ShopId
from chalicelib.domain.journal import Deed, Outcome
from chalicelib.domain.proposals import Proposal, Status, moved
from chalicelib.domain.shop import ShopState
from chalicelib.errors import Conflict, Gone, NeedsMerchant, NotAllowed, Retryable, Skipped, StaleState
from chalicelib.services import Services
from chalicelib.storage.proposals import stale
from chalicelib.storage.targets import TargetState


def approve(
    services: Services, shop_id: ShopId, proposal_id: ProposalId, by: str, *, action: Action | None = None
) -> Proposal:
    """A person says yes (perhaps to an edited action): guardrails once more on fresh data, then the write.

    Raises:
        NotAllowed: it is no longer open, the guardrails refuse, or the store changed since; in words.
        Gone, Retryable, NeedsMerchant: from the store.
    """
    proposal = services.proposals.get(shop_id, proposal_id)
    if proposal.status is Status.APPROVED:
        return _taken_up(services, proposal, by)
    proposal = _open_proposal(services, shop_id, proposal_id)
    shop, policy = services.shops.with_policy(shop_id)
    client = services.open_store(shop)
    current = client.read([proposal.action]).get(proposal.target)
    if current is None or current.digest != proposal.before.digest:
        close(
            services, proposal, Status.REFUSED, Deed.CONFLICT,
            (guardrails.refuse("stale", StaleState.merchant_message),), Outcome.REFUSED,
        )  # fmt: skip
        raise NotAllowed(StaleState.merchant_message)
    fresh = replace(proposal, before=current, action=action or proposal.action)
    written = services.proposals.state(shop_id, fresh.target, fresh.created_at).written_as(current)
    refusals = guardrails.check(fresh, situate(services, shop, policy, fresh, written, {}, by_person=True))
    if refusals:
        raise NotAllowed(" ".join(str(refusal.reason) for refusal in refusals))
    try:
        approved = services.proposals.settle(
            moved(fresh, Status.APPROVED, by=by), change=lambda state: state.opened(fresh)
        )
    except Conflict as error:
        raise NotAllowed("Somebody else decided this a moment ago.") from error
    _write(services, client, approved, by)
    services.counters.tally(shop_id, accepted_tally(proposal.function))
    orders.decided(services, approved, "held", by)
    return services.proposals.get(shop_id, proposal_id)


def _taken_up(services: Services, approved: Proposal, by: str) -> Proposal:
    """Somebody said yes and died before the write was recorded: write it, or find it written."""
    shop, policy = services.shops.with_policy(approved.shop_id)
    if policy.paused or shop.state is not ShopState.CONNECTED:
        raise NotAllowed("The shop is paused or not connected, so nothing is written to it.")
    _write(services, services.open_store(shop), approved, by)
    return services.proposals.get(approved.shop_id, approved.id)


def _write(services: Services, client: StoreClient, approved: Proposal, by: str) -> None:
    answer = client.apply([change_of(approved)])[0]
    if isinstance(answer, Retryable):
        answer = _found(client, approved) or answer
    if isinstance(answer, Receipt):
        record_applied(services, approved, answer, by)
        return
    if isinstance(answer, Skipped):
        leave_alone(services, approved, answer)
        raise NotAllowed(answer.merchant_message)
    close(
        services, approved, Status.FAILED, Deed.FAILED,
        (guardrails.refuse(type(answer).__name__, _words(answer)),), Outcome.PROBLEM,
    )  # fmt: skip
    raise answer


def _found(client: StoreClient, approved: Proposal) -> Receipt | None:
    """A write whose answer was lost, found by reading back. Where that fails too, the decision stays as it is,
    to be taken up by the next yes. Raises Retryable, NeedsMerchant."""
    held = client.read([approved.action]).get(approved.target)
    if held is None or held.digest != digest_of(intended(approved.action)):
        return None
    return Receipt(after=held)


def _words(error: Exception) -> str:
    return (
        error.merchant_message if isinstance(error, Retryable | NeedsMerchant) else "It could not be written."
    )


def _open_proposal(services: Services, shop_id: ShopId, proposal_id: ProposalId) -> Proposal:
    proposal = services.proposals.get(shop_id, proposal_id)
    if stale(proposal, services.clock.now()):
        services.proposals.settle(
            moved(proposal, Status.EXPIRED), change=lambda state: state.closed(proposal.id)
        )
        raise NotAllowed("This proposal has waited too long; a new one will come if it still makes sense.")
    if proposal.status is not Status.PROPOSED:
        raise NotAllowed(f"This proposal is already {proposal.status}.")
    return proposal


def dismiss(services: Services, shop_id: ShopId, proposal_id: ProposalId, by: str) -> Proposal:
    """A person says no; the same change is not proposed again for 30 days. Raises NotAllowed, Gone."""
    proposal = _open_proposal(services, shop_id, proposal_id)
    dismissed = moved(proposal, Status.DISMISSED, by=by)
    entry = journal_entry(dismissed, Deed.DISMISSED, services.clock.now(), by=by)
    try:
        stored = services.proposals.settle(
            dismissed, entry, change=lambda state: state.closed(proposal.id), block=True
        )
    except Conflict as error:
        raise NotAllowed("Somebody else decided this a moment ago.") from error
    orders.decided(services, stored, "dismissed", by)
    return stored


def undo(services: Services, shop_id: ShopId, proposal_id: ProposalId, by: str) -> Proposal:
    """Put back what the store held before, if it still holds what we wrote.

    Raises:
        NotAllowed: it was not applied, cannot be undone, or the store changed since (the human wins).
        Gone, Retryable, NeedsMerchant: from the store.
    """
    proposal = services.proposals.get(shop_id, proposal_id)
    if proposal.status is not Status.APPLIED or proposal.after is None:
        raise NotAllowed(f"This proposal is {proposal.status}, so there is nothing to undo.")
    shop, policy = services.shops.with_policy(shop_id)
    if policy.paused or shop.state is not ShopState.CONNECTED:
        raise NotAllowed("The shop is paused or not connected, so nothing is written to it.")
    try:
        receipt = services.open_store(shop).restore(change_of(proposal), proposal.after)
    except Skipped as error:
        raise NotAllowed(error.merchant_message) from error
    undone = _undone(services, proposal, receipt, by)
    if orders.decided(services, undone, "released", by):
        _undo_rest(services, undone, by)
    return undone


def _undo_rest(services: Services, released: Proposal, by: str) -> None:
    """An order that a person let go is no longer marked as risky either. What cannot be taken back any more
    (it was sent meanwhile, say) stays: the hold was what mattered."""
    for target in orders.marks(services, released):
        written = services.proposals.state(released.shop_id, target, released.created_at).written
        if written is None:
            continue
        try:
            undo(services, released.shop_id, written.proposal_id, by)
        except (NotAllowed, Gone):
            continue


def _undone(services: Services, proposal: Proposal, receipt: Receipt, by: str) -> Proposal:
    now = services.clock.now()
    undone = moved(proposal, Status.UNDONE, by=by)
    entry = replace(
        journal_entry(undone, Deed.UNDONE, now, by=by), before=proposal.after, after=receipt.after
    )
    digest = receipt.after.digest
    try:
        stored = services.proposals.settle(
            undone, entry, change=partial(_earlier, proposal, digest, now), block=True
        )
    except Conflict as error:
        raise NotAllowed("Somebody else undid this a moment ago.") from error
    _unreflect(services, proposal, now)
    services.meter.count("undone", function=proposal.function)
    return stored


def _earlier(proposal: Proposal, digest: str, now: datetime, state: TargetState) -> TargetState:
    """What stood there before was an earlier write of ours, or the merchant's own."""
    if state.written is None or state.written.original.digest == proposal.before.digest:
        return state.undone(None)
    return state.undone(replace(state.written, digest=digest, at=now))


def _unreflect(services: Services, proposal: Proposal, now: datetime) -> None:
    """After an undo the mirror is stale on purpose: the store's echo brings the truth and is looked at."""
    action, before = proposal.action, proposal.before.value
    if isinstance(action, SetPrice) and isinstance(before, Mapping) and before.get("price"):
        old = type(action.price).parse(str(before["price"]), action.price.currency)
        services.prices.saw(proposal.shop_id, action.variant_id, old, now, market=action.market)
