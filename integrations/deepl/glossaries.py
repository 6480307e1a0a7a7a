"""A shop's glossary at DeepL: made once, named by its content, replaced when the content changes."""

import hashlib
from collections.abc import Sequence

import deepl

from chalicelib.domain.ids import ShopId
from chalicelib.errors import UnsupportedAction
from integrations.deepl.faults import named
from integrations.deepl.languages import source_code

_PREFIX = "tradewind"


class Glossaries:
    """Which glossary holds a shop's terms, remembered for the life of the container."""

    def __init__(self, client: deepl.DeepLClient) -> None:
        self._client = client
        self._known: dict[str, str] = {}

    def find(self, shop: ShopId, pair: tuple[str, str], entries: Sequence[tuple[str, str]]) -> str | None:
        """The id of a glossary with exactly these entries, made if need be, older ones of the pair removed.

        None without entries, and for pairs that DeepL has no glossaries for. Raises Retryable, NeedsMerchant.
        """
        if not entries:
            return None
        name = _name(shop, pair, entries)
        if name not in self._known:
            try:
                self._known[name] = self._made(name, pair, entries)
            except UnsupportedAction:
                return None
        return self._known[name]

    def forget(self) -> None:
        """Look again next time: somebody deleted a glossary over there."""
        self._known.clear()

    def _made(self, name: str, pair: tuple[str, str], entries: Sequence[tuple[str, str]]) -> str:
        stem = name.rpartition(" ")[0]
        with named():
            ours = [g for g in self._client.list_glossaries() if g.name.startswith(stem + " ")]
            present = next((g for g in ours if g.name == name), None)
            made = present or self._client.create_glossary(
                name, source_code(pair[0]), source_code(pair[1]), dict(entries)
            )
            for old in ours:
                if old.name != name:
                    self._client.delete_glossary(old)
        return str(made.glossary_id)


def _name(shop: ShopId, pair: tuple[str, str], entries: Sequence[tuple[str, str]]) -> str:
    content = hashlib.sha256(repr(sorted(entries)).encode()).hexdigest()[:16]
    return f"{_PREFIX} {shop} {source_code(pair[0])}-{source_code(pair[1])} {content}"
