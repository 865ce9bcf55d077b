"""Reads `$filter`: comparisons with and, or and parentheses; `or` only within one field, as in Business Central."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import Any

from integration_admin.sandbox.dynamics.business_central.enumerations import decoded
from integration_admin.sandbox.dynamics.business_central.problems import BAD_REQUEST, FILTER, Problem

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[()]|[^\s()']+)")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T")
"""What an instant in an answer begins with; a document number may have its letters T and Z too."""
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {"eq": eq, "ne": ne, "gt": gt, "ge": ge, "lt": lt, "le": le}
)
_MOST_TOKENS = 4_000
_END = "end of filter"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`; the value is text as it came, without its quotes."""

    field: str
    operator: str
    value: str

    def matches(self, row: Row) -> bool:
        """Tell whether the row's field compares so."""
        left, right = _comparable(row[self.field], self.value)
        return _OPERATORS[self.operator](left, right)

    def fields(self) -> frozenset[str]:
        """Return the one field."""
        return frozenset({self.field})

    def pinned(self, field: str) -> frozenset[str] | None:
        """Return the value `field` must have, where it must have one."""
        return frozenset({self.value}) if (self.field, self.operator) == (field, "eq") else None


@dataclass(frozen=True, slots=True)
class Every:
    """All parts must match."""

    parts: tuple["Condition", ...]

    def matches(self, row: Row) -> bool:
        """Tell whether all match."""
        return all(part.matches(row) for part in self.parts)

    def fields(self) -> frozenset[str]:
        """Return the fields of all parts."""
        return frozenset().union(*(part.fields() for part in self.parts))

    def pinned(self, field: str) -> frozenset[str] | None:
        """Return the values one of the parts pins `field` to."""
        found = (part.pinned(field) for part in self.parts)
        return next((values for values in found if values is not None), None)


@dataclass(frozen=True, slots=True)
class Either:
    """One part must match."""

    parts: tuple["Condition", ...]

    def matches(self, row: Row) -> bool:
        """Tell whether one matches."""
        return any(part.matches(row) for part in self.parts)

    def fields(self) -> frozenset[str]:
        """Return the fields of all parts."""
        return frozenset().union(*(part.fields() for part in self.parts))

    def pinned(self, field: str) -> frozenset[str] | None:
        """Return the values `field` may have, where every part names some."""
        found = [part.pinned(field) for part in self.parts]
        named = [values for values in found if values is not None]
        return frozenset().union(*named) if len(named) == len(found) else None


Condition = Comparison | Every | Either


@lru_cache(maxsize=512)
def parse_filter(text: str) -> Condition:
    """Return the condition `text` describes. Raises Problem."""
    tokens = _tokens(text)
    reader = _Reader(tokens)
    condition = reader.either()
    if reader.place != len(tokens):
        raise _error(tokens[reader.place])
    return condition


@dataclass(slots=True)
class _Reader:
    tokens: list[str]
    place: int = 0

    def either(self) -> Condition:
        parts = [self.every()]
        while self._accept("or"):
            parts.append(self.every())
        if len(parts) == 1:
            return parts[0]
        whole = Either(tuple(parts))
        if len(whole.fields()) > 1:
            raise Problem(FILTER, "The filter combines different fields with OR, which is not supported.")
        return whole

    def every(self) -> Condition:
        parts = [self._one()]
        while self._accept("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self) -> Condition:
        if self._accept("("):
            inside = self.either()
            if not self._accept(")"):
                raise _error(_END)
            return inside
        field, operator, value = self._next(), self._next(), self._next()
        if not field.isidentifier() or operator not in _OPERATORS or value in "()":
            raise _error(field)
        return Comparison(field, operator, _unquoted(value))

    def _accept(self, word: str) -> bool:
        found = self.place < len(self.tokens) and self.tokens[self.place] == word
        self.place += found
        return found

    def _next(self) -> str:
        if self.place >= len(self.tokens):
            raise _error(_END)
        self.place += 1
        return self.tokens[self.place - 1]


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    place, text = 0, text.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or len(tokens) >= _MOST_TOKENS:
            raise _error(text[place : place + 20])
        tokens.append(found[1])
        place = found.end()
    return tokens


def _unquoted(token: str) -> str:
    return token[1:-1].replace("''", "'") if token.startswith("'") else token


def _comparable(held: Any, wanted: str) -> tuple[Any, Any]:
    """Return both sides in a form that can be compared. Raises Problem where the value is of another type."""
    if isinstance(held, bool):
        return held, wanted == "true"
    if isinstance(held, int | float):
        return Decimal(str(held)), _number(wanted)
    if held is None:
        return "", "" if wanted == "null" else wanted
    if _INSTANT.match(held):
        return _instant(held), _instant(wanted)
    return decoded(held), decoded(wanted)


def _number(text: str) -> Decimal:
    with suppress(InvalidOperation):
        number = Decimal(text)
        if number.is_finite():
            return number
    raise _error(text)


def _instant(text: str) -> datetime:
    with suppress(ValueError):
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant
    raise _error(text)


def _error(near: str) -> Problem:
    return Problem(BAD_REQUEST, f"Syntax error in the filter near '{near[:60]}'.")
