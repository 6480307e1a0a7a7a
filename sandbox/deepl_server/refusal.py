"""DeepL's way of saying no: a status and ``{"message", "detail"}``."""


class Refusal(Exception):
    """One error answer on its way to the client."""

    def __init__(self, status: int, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.detail = status, message, detail

    def body(self) -> dict[str, str]:
        """Give the JSON body."""
        return {"message": self.message, **({"detail": self.detail} if self.detail else {})}
