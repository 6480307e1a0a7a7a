"""A platform of a test's own on this machine, and nothing left of it afterwards."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.platform import Platform


@contextmanager
def standing(folder: Path, environment: Mapping[str, str]) -> Iterator[Platform]:
    """The platform, empty, with its workers running."""
    known = dict(os.environ)
    patch = pytest.MonkeyPatch()
    patch.setattr("sandbox.platform.STATE", folder / "platform.json")
    forget()
    platform = Platform(environment=environment)
    try:
        platform.start_workers(2)
        yield platform
    finally:
        platform.close()
        patch.undo()
        os.environ.clear()
        os.environ.update(known)
        forget()


def forget() -> None:
    """What a container keeps for its life."""
    import app
    from chalicelib import aws

    for kept in (app.mouth, app.services, aws.settings, aws.clients, aws.meter):
        kept.cache_clear()
