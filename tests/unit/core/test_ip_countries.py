"""From an internet address to a country, by whatever table the operator brings."""

import gzip
from pathlib import Path

import pytest

from chalicelib.adapters import ip_countries
from chalicelib.errors import ConfigurationError

TABLE = """"0.0.0.0","0.255.255.255","ZZ"
1.0.0.0,1.0.0.255,AU
198.51.100.0,198.51.100.255,de
2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,FR
"""


@pytest.fixture(params=["table.csv", "table.csv.gz"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path / request.param
    path.write_bytes(gzip.compress(TABLE.encode()) if path.suffix == ".gz" else TABLE.encode())
    return str(path)


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("1.0.0.7", "AU"), ("1.0.1.0", ""), ("198.51.100.255", "DE"), ("198.51.101.0", ""), ("0.0.0.1", ""),
        ("2001:db8::1", "FR"), ("2001:db9::1", ""), ("::ffff:1.0.0.7", "AU"), ("unknown", ""), ("", ""),
        ("255.255.255.255", ""), ("::", ""), (" 1.0.0.7 ", "AU"),
    ],
)  # fmt: skip
def test_where_an_address_is(table: str, address: str, country: str) -> None:
    assert ip_countries.load(table)(address) == country


@pytest.mark.parametrize("text", ["not,an,address\n", "1.0.0.0,x,DE\n"])
def test_a_table_that_is_none_is_named_at_once(tmp_path: Path, text: str) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text(text)
    with pytest.raises(ConfigurationError, match="TRADEWIND_IP_COUNTRIES"):
        ip_countries.load(str(broken))
    with pytest.raises(ConfigurationError, match=r"missing\.csv"):
        ip_countries.load(str(tmp_path / "missing.csv"))
