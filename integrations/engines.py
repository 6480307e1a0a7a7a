"""The engines that a deployment has keys for: paid or slow services that answer functions' requests."""

from collections.abc import Sequence

from chalicelib.contracts import Engine


def engines(*, deepl_key: str, deepl_url: str) -> Sequence[Engine]:
    """One of each that is set up; imported only then."""
    found: list[Engine] = []
    if deepl_key:
        from integrations.deepl import engine

        found.append(engine.connect(deepl_key, deepl_url))
    return found
