"""An edited proposal: the action that a person meant instead of ours."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.actions import Action, PublishTranslation, SetPrice
from chalicelib.domain.money import Money
from chalicelib.errors import NotAllowed


def edited(action: Action, fields: Mapping[str, tuple[str, ...]]) -> Action | None:
    """The action as the form has it, or None where nothing was changed. Raises NotAllowed in words."""
    match action:
        case PublishTranslation():
            return _texts(action, fields)
        case SetPrice():
            return _price(action, fields.get("price", ("",))[0])
        case _:
            return None


def _texts(action: PublishTranslation, fields: Mapping[str, tuple[str, ...]]) -> Action | None:
    texts = tuple(
        replace(one, value=fields.get(f"text-{one.key}", (one.value,))[0].replace("\r\n", "\n"))
        for one in action.fields
    )
    if any(not one.value.strip() for one in texts):
        raise NotAllowed("A translated text is empty.")
    return replace(action, fields=texts) if texts != action.fields else None


def _price(action: SetPrice, text: str) -> Action | None:
    if not text.strip():
        return None
    try:
        price = Money.parse(text.replace(",", "."), action.price.currency)
    except ValueError as error:
        raise NotAllowed("Enter a price such as 12.90.") from error
    return replace(action, price=price) if price.amount != action.price.amount else None
