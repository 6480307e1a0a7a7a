"""The only reader of the environment. Frozen; every wrong field is named at once.

Read by hand: pydantic would cost the accepting path a tenth of a second at every cold start.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment. Secrets stay out of ``repr``."""

    master_key: bytes = field(repr=False)
    """At least 32 bytes; all other keys are derived from it."""
    base_url: str
    """Where merchants reach us, without a trailing slash."""
    hooks_url: str = ""
    """Where stores send webhooks, if that is another place (a function URL)."""
    region: str = "eu-central-1"
    endpoint_url: str = ""
    """Another place that speaks AWS; only in the sandbox."""
    table: str = "tradewind"
    bucket: str = "tradewind"
    work_queue: str = ""
    schedule_queue: str = ""
    kms_key: str = ""
    secret_generation: int = 1
    app_ids: Mapping[str, str] = field(default_factory=dict)
    """Per marketplace, the public name of our app there."""
    app_secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """Per marketplace, our app's secret: the current one first, the one before it second."""
    deepl_key: str = field(default="", repr=False)
    deepl_url: str = ""
    ip_countries: str = ""
    """Path of a table of internet addresses and countries; empty where there is none."""
    mail_from: str = ""
    memory_mb: int = 2048
    """What this process may use; Lambda says it."""
    operators: tuple[str, ...] = ()
    """E-mail addresses that may administer the deployment."""
    sandbox: bool = False
    """Plain http and loopback stores are allowed. A deployment refuses this."""
    stores: Mapping[str, str] = field(default_factory=dict)
    """Per account, where a sandbox store answers in place of its own domain; only in the sandbox."""

    def endpoint(self, account: str) -> str:
        """Where the store of a marketplace that hands out domains answers."""
        return self.stores.get(account, f"https://{account}")


_PREFIX = "TRADEWIND_"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises ConfigurationError with every wrong field and how to mend it."""
    reader = _Reader(os.environ if environment is None else environment)
    settings = _read(reader)
    if settings.sandbox and reader.deployed:
        reader.wrong.append("TRADEWIND_SANDBOX must not be set in a deployment")
    for name, value in (("ENDPOINT_URL", settings.endpoint_url), ("STORES", settings.stores)):
        if value and not settings.sandbox:
            reader.wrong.append(f"TRADEWIND_{name} needs TRADEWIND_SANDBOX=1")
    for name, address in (("BASE_URL", settings.base_url), ("HOOKS_URL", settings.hooks_url)):
        if address and not settings.sandbox and not address.startswith("https://"):
            reader.wrong.append(f"TRADEWIND_{name} must begin with https://")
    if reader.wrong:
        raise ConfigurationError("settings: " + "; ".join(reader.wrong))
    return settings


def _read(reader: "_Reader") -> Settings:
    return Settings(
        master_key=reader.get("MASTER_KEY", _hex_key, "64 or more hexadecimal digits") or bytes(32),
        base_url=reader.get("BASE_URL", _address, "an address such as https://app.example") or "",
        hooks_url=reader.text("HOOKS_URL").rstrip("/"),
        region=reader.text("REGION") or reader.text("AWS_REGION", prefix="") or "eu-central-1",
        endpoint_url=reader.text("ENDPOINT_URL"),
        table=reader.text("TABLE") or "tradewind",
        bucket=reader.text("BUCKET") or "tradewind",
        work_queue=reader.text("WORK_QUEUE"),
        schedule_queue=reader.text("SCHEDULE_QUEUE"),
        kms_key=reader.text("KMS_KEY"),
        secret_generation=reader.get("SECRET_GENERATION", _positive, "a whole number from 1", "1") or 1,
        app_ids={name: values[0] for name, values in _per_marketplace(reader.text("APP_IDS")).items()},
        app_secrets=_per_marketplace(reader.text("APP_SECRETS")),
        deepl_key=reader.text("DEEPL_KEY"),
        deepl_url=reader.text("DEEPL_URL"),
        ip_countries=reader.text("IP_COUNTRIES"),
        mail_from=reader.text("MAIL_FROM"),
        memory_mb=reader.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", _positive, "a number of MB", "2048", prefix="") or 1,
        operators=_several(reader.text("OPERATORS")),
        sandbox=reader.text("SANDBOX") in {"1", "true", "yes"},
        stores={account: urls[0] for account, urls in _per_marketplace(reader.text("STORES")).items()},
    )


class _Reader:
    """Collects complaints, so that all are told at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.wrong: list[str] = []
        self.deployed = "AWS_LAMBDA_FUNCTION_NAME" in environment

    def text(self, name: str, prefix: str = _PREFIX) -> str:
        return self._environment.get(prefix + name, "").strip()

    def get[T](
        self, name: str, read: Callable[[str], T], hint: str, default: str = "", prefix: str = _PREFIX
    ) -> T | None:
        try:
            return read(self.text(name, prefix) or default)
        except ValueError:
            self.wrong.append(f"{prefix}{name} must be {hint}")
            return None


def _hex_key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) < 32:
        raise ValueError("too short")
    return key


def _address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("not an address")
    return text.rstrip("/")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("not positive")
    return number


def _per_marketplace(text: str) -> Mapping[str, tuple[str, ...]]:
    """``shopify=current,previous; another=secret``."""
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    return {name.strip(): _several(values) for name, _, values in pairs if _several(values)}


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
