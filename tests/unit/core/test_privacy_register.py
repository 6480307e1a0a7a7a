"""The register of what is kept names every kind of record that the storage has, and no other."""

import re
from pathlib import Path

from chalicelib.storage.places import Kind

REGISTER = Path(__file__).parents[3] / "docs" / "privacy.md"


def test_every_kind_of_record_is_in_the_register_and_nothing_else_is():
    records = REGISTER.read_text().partition("## Records")[2].partition("## People")[0]
    named = set(re.findall(r"^\| ([a-z]+) \|", records, re.MULTILINE)) - {"kind"}
    assert named == {str(kind) for kind in Kind}


def test_every_file_prefix_is_in_the_register():
    files = REGISTER.read_text().partition("## Files")[2]
    for prefix in ("{shop}/orders/", "{shop}/models/"):
        assert prefix in files
