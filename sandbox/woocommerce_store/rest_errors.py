"""WordPress' way of saying no: ``{"code", "message", "data": {"status"}}``."""

from typing import Any


class RestError(Exception):
    """One WP_Error on its way to the client."""

    def __init__(self, code: str, message: str, status: int, **data: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.data = code, message, status, data

    def body(self) -> dict[str, Any]:
        """Give the JSON body WordPress answers with."""
        return {"code": self.code, "message": self.message, "data": {"status": self.status, **self.data}}


def invalid_id(kind: str, status: int = 404, message: str = "Invalid ID.") -> RestError:
    """Give ``woocommerce_rest_<kind>_invalid_id``; reading and deleting answer 404, updating 400."""
    return RestError(f"woocommerce_rest_{kind}_invalid_id", message, status)


def no_route() -> RestError:
    """Give WordPress' answer to an address that no plugin registered."""
    message = "No route was found matching the URL and request method."
    return RestError("rest_no_route", message, 404)


def invalid_params(failures: dict[str, tuple[str, str]]) -> RestError:
    """Give ``rest_invalid_param`` for parameter -> (WordPress code, sentence)."""
    return RestError(
        "rest_invalid_param",
        f"Invalid parameter(s): {', '.join(failures)}",
        400,
        params={name: text for name, (_, text) in failures.items()},
        details={
            name: {"code": code, "message": text, "data": {"param": name}} for name, (code, text) in failures.items()
        },
    )


def missing_params(names: list[str]) -> RestError:
    """Give ``rest_missing_callback_param``."""
    message = f"Missing parameter(s): {', '.join(names)}"
    return RestError("rest_missing_callback_param", message, 400, params=names)
