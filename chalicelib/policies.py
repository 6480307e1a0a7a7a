"""Configuration as code: what a file says of shops against what runs, and making it so.

::

    [templates.careful]                     a policy by name
    modes.repricing = "propose"
    prices.max_step_pct = 3

    [shops."shopify:one.myshopify.com"]     the whole truth about this shop: what is not said is the default
    template = "careful"
    prices.min_margin_pct = 12              what is said here wins over the template

Shops that a file does not name are left alone. Nothing is written unless all of the file is right.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chalicelib import limits
from chalicelib.connecting import note
from chalicelib.domain.ids import FunctionName, ShopId
from chalicelib.domain.journal import Deed
from chalicelib.domain.shop import Mode, Policy
from chalicelib.errors import Conflict, Gone, Rejected
from chalicelib.policy_text import shop_text
from chalicelib.services import Services


class WrongFile(Rejected):
    """The file cannot be used; every fault is named with its line."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file; line 0 where no line could be found."""

    line: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that the file and what runs do not agree on."""

    shop: ShopId
    path: str
    runs: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.shop}  {self.path}: {self.runs} -> {self.wanted}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying a file would do; each wanted policy carries the version it was compared with."""

    wanted: Mapping[ShopId, Policy]
    differences: Sequence[Difference]

    @property
    def changed(self) -> frozenset[ShopId]:
        return frozenset(one.shop for one in self.differences)


def plan(services: Services, text: str) -> Plan:
    """Compare a file with what runs. Raises WrongFile with every fault and its line."""
    read = _Reading(text, services)
    wanted = dict(read.shops())
    if read.faults:
        raise WrongFile("\n".join(str(fault) for fault in sorted(read.faults, key=lambda one: one.line)))
    running = {shop: services.shops.policy(shop) for shop in wanted}
    stamped = {shop: replace(policy, version=running[shop].version) for shop, policy in wanted.items()}
    found = [one for shop in stamped for one in differences(shop, running[shop], stamped[shop])]
    return Plan(stamped, found)


def apply(services: Services, found: Plan, by: str) -> Sequence[ShopId]:
    """Make it so; returns the shops that changed. Raises Conflict where somebody changed one since the plan:
    shops before it are done, and planning again shows what is left."""
    done: list[ShopId] = []
    for shop in sorted(found.changed):
        try:
            services.shops.save_policy(shop, found.wanted[shop])
        except Conflict as error:
            raise Conflict(f"{shop} was changed since the plan was made; plan again") from error
        changes = [f"{one.path}: {one.runs} -> {one.wanted}" for one in found.differences if one.shop == shop]
        note(services, shop, Deed.SETTINGS, by, "; ".join(changes))
        done.append(shop)
    return done


def export(services: Services, shops: Sequence[ShopId] | None = None) -> str:
    """What runs, as a file that plans to no difference."""
    names = sorted(shops if shops is not None else (shop for shop, _ in services.shops.all()))
    return "\n".join(shop_text(name, services.shops.policy(name)) for name in names)


def differences(shop: ShopId, runs: Policy, wanted: Policy) -> Iterator[Difference]:
    """Value by value."""
    if runs.paused != wanted.paused:
        yield Difference(shop, "paused", _said(runs.paused), _said(wanted.paused))
    for name in sorted({*runs.modes, *wanted.modes}):
        if runs.mode(name) is not wanted.mode(name):
            yield Difference(shop, f"modes.{name}", str(runs.mode(name)), str(wanted.mode(name)))
    for limit in limits.every():
        if limit.of(runs) != limit.of(wanted):
            yield Difference(shop, limit.path, _said(limit.of(runs)), _said(limit.of(wanted)))


def keep_own(runs: Policy, wanted: Policy, last: Policy) -> Policy:
    """``wanted``, but with what runs wherever that differs from what was laid over it the last time."""
    for limit in limits.every():
        if limit.of(runs) != limit.of(last):
            wanted = limit.put(wanted, limit.of(runs))
    own = {name: runs.mode(name) for name in runs.modes if runs.mode(name) is not last.mode(name)}
    return replace(wanted, modes={**wanted.modes, **own})


def overlay(base: Policy, text: str, functions: Mapping[FunctionName, Any]) -> Policy:
    """A policy with the values that a template names, and no others. Raises WrongFile."""
    read = _Reading(text, None, functions)
    policy = read.table(base, read.data, ())
    if read.faults:
        raise WrongFile("\n".join(str(fault) for fault in read.faults))
    return policy


class _Reading:
    """One file being read; collects faults, so that all are told at once."""

    def __init__(
        self, text: str, services: Services | None, functions: Mapping[FunctionName, Any] | None = None
    ) -> None:
        self._text, self._services = text, services
        self._functions = functions if functions is not None else services.functions if services else {}
        self.faults: list[Fault] = []
        self.data: Mapping[str, Any] = self._parsed()

    def _parsed(self) -> Mapping[str, Any]:
        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            self.faults.append(Fault(int(line[1]) if line else len(self._text.splitlines()), "the file", str(error)))
            return {}

    def shops(self) -> Iterator[tuple[ShopId, Policy]]:
        """Every shop of the file with the policy it asks for."""
        templates, shops = self._tables("templates"), self._tables("shops")
        for name in set(self.data) - {"templates", "shops"}:
            self._fault((name,), "is neither templates nor shops")
        for name, table in shops.items():
            path, own = ("shops", name), dict(table)
            base = self._template(templates, own.pop("template", None), path)
            if self._known(ShopId(name), path):
                yield ShopId(name), self.table(base, own, path)

    def _tables(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        found = self.data.get(name, {})
        if isinstance(found, dict) and all(isinstance(one, dict) for one in found.values()):
            return found
        self._fault((name,), "must hold tables, one per name")
        return {}

    def _template(self, templates: Mapping[str, Any], name: Any, path: tuple[str, ...]) -> Policy:
        if name is None:
            return Policy()
        if name not in templates:
            self._fault((*path, "template"), f"there is no template {name!r}")
            return Policy()
        return self.table(Policy(), templates[name], ("templates", name))

    def _known(self, shop: ShopId, path: tuple[str, ...]) -> bool:
        try:
            if self._services is not None:
                self._services.shops.get(shop)
            return True
        except Gone:
            self._fault(path, "this shop is not connected")
            return False

    def table(self, policy: Policy, table: Mapping[str, Any], path: tuple[str, ...]) -> Policy:
        """One policy's values over a base."""
        for name, value in table.items():
            place = (*path, name)
            if name == "paused":
                policy = self._guarded(policy, place, partial(_paused, policy, value))
            elif name == "modes" and isinstance(value, dict):
                policy = self._modes(policy, value, place)
            elif name in limits.GROUPS and isinstance(value, dict):
                policy = self._group(policy, name, value, place)
            else:
                self._fault(place, f"is none of paused, modes, {', '.join(limits.GROUPS)}")
        for limit, message in limits.inconsistent(policy).items():
            self._fault((*path, *limit.split(".")), message)
        return policy

    def _modes(self, policy: Policy, table: Mapping[str, Any], path: tuple[str, ...]) -> Policy:
        modes = dict(policy.modes)
        for name, word in table.items():
            if name not in self._functions:
                self._fault((*path, name), f"is no function; there are {', '.join(self._functions)}")
            elif word not in (allowed := limits.modes_of(self._functions[FunctionName(name)].capabilities)):
                self._fault((*path, name), f"must be one of {', '.join(allowed)}")
            else:
                modes[FunctionName(name)] = Mode(word)
        return replace(policy, modes=modes)

    def _group(self, policy: Policy, group: str, table: Mapping[str, Any], path: tuple[str, ...]) -> Policy:
        known = {limit.name: limit for limit in limits.limits(group)}
        for name, value in table.items():
            place = (*path, name)
            if name not in known:
                self._fault(place, f"is no limit; there are {', '.join(known)}")
                continue
            policy = self._guarded(policy, place, partial(_with, policy, known[name], value))
        return policy

    def _guarded(self, policy: Policy, path: tuple[str, ...], change: Callable[[], Policy]) -> Policy:
        try:
            return change()
        except ValueError as error:
            self._fault(path, str(error))
            return policy

    def _fault(self, path: tuple[str, ...], message: str) -> None:
        fault = Fault(line_of(self._text, path), ".".join(path), message)
        if fault not in self.faults:
            self.faults.append(fault)


def line_of(text: str, path: tuple[str, ...]) -> int:
    """The line that says a path (or the nearest part of it); 0 where there is none."""
    table: tuple[str, ...] = ()
    best, found = 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[[^\[\]]+\])\s*(#.*)?$", line)
        key = (
            None
            if header
            else re.match(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=", line)
        )
        if header:
            table = here = _names(header[1])
        elif key:
            here = (*table, *_names(f"{key[1]}=0"))
        else:
            continue
        shared = _shared(here, path)
        if (shared == len(here) and shared > found) or (shared == len(path) > found):
            best, found = number, shared
    return best


def _names(line: str) -> tuple[str, ...]:
    """The dotted name of one header or key, as TOML reads it."""
    try:
        node: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    names: list[str] = []
    while isinstance(node, dict) and node:
        name, node = next(iter(node.items()))
        names.append(name)
    return tuple(names)


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _with(policy: Policy, limit: limits.Limit, value: Any) -> Policy:
    return limit.put(policy, limit.read(value))


def _paused(policy: Policy, value: Any) -> Policy:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return replace(policy, paused=value)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_said(item)}" for key, item in sorted(value.items())) or "none"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) or "none"
    return "none" if value in (None, "") else str(value)
