"""A person's words in the store outlive any sequence of edits, webhooks, retries and crashes."""

import importlib.util
import random
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.domain.ids import MarketId
from chalicelib.domain.shop import Market, Policy, TranslationLimits, Units

_PATH = Path(__file__).parents[1] / "unit" / "translation" / "shopfloor.py"
_SPEC = importlib.util.spec_from_file_location("shopfloor", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
shopfloor = sys.modules.get("shopfloor") or importlib.util.module_from_spec(_SPEC)
if "shopfloor" not in sys.modules:
    sys.modules["shopfloor"] = shopfloor
    _SPEC.loader.exec_module(shopfloor)

AMERICA = Market(id=MarketId("7"), name="United States", currency="USD")
WORDS = (
    "Soft wool scarf.",
    "Warm in winter.",
    "Wash at {{ care }}.",
    "Made for {{ name }}.",
    "Holds 250 ml.",
    "New colour!",
)
KEYS = ("title", "body_html")


class Story:
    """One random life of a product with two fields, and what a person last wrote in each."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        limits = TranslationLimits(publish_quality=Decimal(0), market_units={AMERICA.name: Units.US})
        self.floor = shopfloor.Floor(
            policy=Policy(translations=limits), shop=replace(shopfloor.SHOP, markets=(AMERICA,))
        )
        self.theirs: dict[tuple[str, str], str] = {}
        """What a person last wrote, by market (none: for all) and field."""
        self.waiting: list[object] = []
        self.count = 0
        self.source()

    def source(self) -> None:
        text = " ".join(self.rng.sample(WORDS, self.rng.randint(1, 4)))
        key = self.rng.choice(KEYS)
        self.floor.put("p", **{key: text if key == "title" else f"<p>{text}</p>"})

    def person(self) -> None:
        key = self.rng.choice([k for k in KEYS if k in self.floor.sources["p"]])
        market = self.rng.choice(("", "", AMERICA.id))
        self.count += 1
        self.theirs[market, key] = f"Von Hand {self.count}"
        self.floor.edit("p", f"de/{market}" if market else "de", key, self.theirs[market, key])

    def event(self) -> None:
        self.publish(self.floor.decide("p").proposals)

    def crash_before_apply(self) -> None:
        self.waiting += self.floor.decide("p").proposals

    def crash_before_remembering(self) -> None:
        kept = dict(self.floor.memory)
        self.publish(self.floor.decide("p").proposals)
        self.floor.memory = kept

    def retry(self) -> None:
        self.publish(self.waiting)
        self.waiting.clear()

    def engine_fault(self) -> None:
        self.floor.engine = lambda xml: xml.replace('<x id="1"/>', "")
        self.event()
        self.floor.engine = shopfloor.pseudo

    def quota(self) -> None:
        self.floor.failure = "used up"
        self.event()
        self.floor.failure = ""

    def publish(self, proposals: list[object]) -> None:
        """As an adapter does without a person: nothing for review, nothing whose ground has changed."""
        for proposal in proposals:
            action, before = proposal.action, proposal.before.value or {}  # type: ignore[attr-defined]
            held = {f.key: self.floor.value("p", f.key, market=action.market or "") for f in action.fields}
            now = {key: value for key, value in held.items() if value}
            if now == before and not replaces_a_person(proposal):
                self.floor.apply(proposal)

    def check(self) -> None:
        for (market, key), words in self.theirs.items():
            assert self.floor.value("p", key, market=market) == words


def replaces_a_person(proposal: object) -> bool:
    """Whether a person's wording would be replaced.

    Without models every proposal asks for review, so the mark itself would hide what is tested here.
    """
    reasons = proposal.reasons  # type: ignore[attr-defined]
    return any("You edited this translation" in str(reason) for reason in reasons)


STEPS = ("source", "person", "event", "event", "crash_before_apply", "crash_before_remembering", "retry",
         "engine_fault", "quota")  # fmt: skip


@pytest.mark.parametrize("block", range(10))
def test_a_persons_words_survive(block: int) -> None:
    converted = 0
    for seed in range(block * 100, block * 100 + 100):
        story = Story(seed)
        for _ in range(12):
            getattr(story, story.rng.choice(STEPS))()
            story.check()
        converted += any("fl oz" in story.floor.value("p", key, market=AMERICA.id) for key in KEYS)
    assert converted > 10, "the market's own texts took part"
