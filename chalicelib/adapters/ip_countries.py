"""From a buyer's internet address to a country, by a table that the operator brings; none ships with us.

The table is text, plain or gzip, of ``first address, last address, alpha-2 code`` in ascending order, as DB-IP's free
"IP to country" and others come (their licences ask for attribution, so the choice is the operator's). The address is
looked up in memory and goes nowhere.
"""

import csv
import gzip
import ipaddress
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from chalicelib.errors import ConfigurationError

_HALF = 64
_LOW = (1 << _HALF) - 1


class IpCountries:
    """One table, in a few megabytes: IPv4 whole, IPv6 by the 64 bits that name a network."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._begins = {4: array("Q"), 6: array("Q")}
        self._ends = {4: array("Q"), 6: array("Q")}
        self._codes: dict[int, list[str]] = {4: [], 6: []}
        for first, last, code in rows:
            begin, end = ipaddress.ip_address(first), ipaddress.ip_address(last)
            self._begins[begin.version].append(_number(begin))
            self._ends[begin.version].append(_number(end))
            self._codes[begin.version].append(code.strip().upper())

    def __call__(self, address: str) -> str:
        """An alpha-2 code, or nothing where the address is not in the table, or is none."""
        try:
            known = ipaddress.ip_address(address.strip())
        except ValueError:
            return ""
        if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped:
            known = known.ipv4_mapped
        number = _number(known)
        place = bisect_right(self._begins[known.version], number) - 1
        if place < 0 or number > self._ends[known.version][place]:
            return ""
        found = self._codes[known.version][place]
        return found if len(found) == 2 and found != "ZZ" else ""


def _number(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return int(address) if address.version == 4 else int(address) >> _HALF & _LOW


@cache
def load(path: str) -> IpCountries:
    """Read a table, once per container. Raises ConfigurationError."""
    file = Path(path)
    try:
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
            return IpCountries((row[0], row[1], row[2]) for row in csv.reader(lines) if len(row) > 2)
    except (OSError, ValueError) as error:
        message = f"TRADEWIND_IP_COUNTRIES: {path} is not a table of first address, last address, country"
        raise ConfigurationError(message) from error


def nowhere(address: str) -> str:
    """Without a table no address is anywhere."""
    return ""
