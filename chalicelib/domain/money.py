"""Money: a decimal amount and its currency, never a float."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

# ISO 4217 lists two decimals for every currency but these (list one, 2024-06).
_DECIMALS: Mapping[str, int] = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
         "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    "CLF": 4, "UYW": 4,
}  # fmt: skip
_LARGEST = Decimal(10) ** 15


def decimals(currency: str) -> int:
    """How many digits this currency has after the point (ISO 4217)."""
    return _DECIMALS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency; arithmetic across currencies is refused.

    Raises:
        ValueError: the amount is not finite, is absurdly large, or the currency is not three letters.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not (self.currency.isascii() and self.currency.isalpha() and len(self.currency) == 3):
            raise ValueError(f"not a currency code: {self.currency[:10]!r}")
        if not self.amount.is_finite() or abs(self.amount) > _LARGEST:
            raise ValueError("an amount of money must be finite and below 10**15")

    @classmethod
    def parse(cls, text: str | int | Decimal, currency: str) -> "Money":
        """Read an amount as a store writes it; floats are not accepted, for they have lost digits already."""
        try:
            return cls(Decimal(str(text).strip()), currency.upper())
        except InvalidOperation as error:
            raise ValueError(f"not an amount of money: {str(text)[:20]!r}") from error

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> "Money":
        """From whole cents (or yen, or fils)."""
        return cls(Decimal(minor).scaleb(-decimals(currency)), currency)

    @property
    def minor(self) -> int:
        """Whole cents (or yen, or fils), rounded half to even."""
        return int(self.rounded().amount.scaleb(decimals(self.currency)))

    def rounded(self) -> "Money":
        """To the decimals the currency has, half to even."""
        step = Decimal(1).scaleb(-decimals(self.currency))
        return Money(self.amount.quantize(step, rounding=ROUND_HALF_EVEN), self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount:.{decimals(self.currency)}f} {self.currency}"

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be compared without a rate")
        return other.amount
