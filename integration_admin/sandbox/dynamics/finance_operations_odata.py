"""OData as Finance & Operations speaks it: `$filter` with eq, and, or; `$select`, `$top`, pages by `$skiptoken`."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from integration_admin.sandbox.dynamics.finance_operations_problems import Problem, bad_request

_TOKEN = re.compile(r"\s*(\(|\)|'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_.]*)")
_PAGE_SIZE = re.compile(r"odata\.maxpagesize=([0-9]{1,6})")
CROSS_COMPANY: Final = "cross-company"
_OPTIONS: Final = frozenset({"$filter", "$select", "$top", "$skiptoken", CROSS_COMPANY})

Row = Mapping[str, Any]
Condition = Callable[[Row], bool]


def page(rows: Iterable[Row], query: Mapping[str, str], prefer: str, most: int, url: str) -> dict[str, Any]:
    """Return one page of `rows` as an answer; `url` is the address that was asked, without its query.

    `most` is how many rows a page has at the most. Raises Problem.
    """
    unknown = set(query) - _OPTIONS
    if unknown:
        raise bad_request(words=f"The query parameter '{min(unknown)}' is not supported.")
    wanted = list(filter(condition(query.get("$filter", "")), rows))
    wanted = wanted[: _number(query, "$top", len(wanted))]
    asked = _PAGE_SIZE.search(prefer)
    size = min(most, int(asked[1]) or most) if asked else most
    start = _number(query, "$skiptoken", 0)
    found: dict[str, Any] = {"@odata.context": f"{url.rpartition('/')[0]}/$metadata"}
    found["value"] = [_selected(row, query.get("$select", "")) for row in wanted[start : start + size]]
    if start + size < len(wanted):
        rest = {**query, "$skiptoken": str(start + size)}
        found["@odata.nextLink"] = f"{url}?" + "&".join(f"{name}={quote(rest[name])}" for name in rest)
    return found


def condition(text: str) -> Condition:
    """Return what tells whether a row fits a filter; text compares without regard to case. Raises Problem."""
    if not text:
        return lambda _: True
    tokens = _tokens(text)
    fits = _either(tokens)
    if tokens:
        raise bad_request(words=f"Syntax error at '{tokens[0]}' in '$filter'.")
    return fits


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            raise bad_request(words=f"Syntax error at position {place} in '$filter'.")
        tokens.append(found[1])
        place = found.end()
    return tokens


def _either(tokens: list[str]) -> Condition:
    parts = [_both(tokens)]
    while tokens and tokens[0] == "or":
        tokens.pop(0)
        parts.append(_both(tokens))
    return lambda row: any(part(row) for part in parts)


def _both(tokens: list[str]) -> Condition:
    parts = [_one(tokens)]
    while tokens and tokens[0] == "and":
        tokens.pop(0)
        parts.append(_one(tokens))
    return lambda row: all(part(row) for part in parts)


def _one(tokens: list[str]) -> Condition:
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        inside = _either(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise bad_request(words="A parenthesis is missing in '$filter'.")
        return inside
    if len(tokens) < 3 or tokens[1] != "eq" or not tokens[2].startswith("'"):
        raise bad_request(words="A comparison is missing in '$filter'.")
    name, wanted = tokens[0], tokens[2][1:-1].replace("''", "'").casefold()
    del tokens[:3]
    return lambda row: str(_of(row, name)).casefold() == wanted


def _selected(row: Row, select: str) -> dict[str, Any]:
    if not select:
        return dict(row)
    return {name: _of(row, name) for name in select.split(",")}


def _of(row: Row, name: str) -> Any:
    if name not in row:
        raise bad_request(words=f"Could not find a property named '{name}' on the type.")
    return row[name]


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name, str(usual))
    if not text.isascii() or not text.isdigit():
        raise bad_request(words=f"'{name}' is not a number.")
    return int(text)


def not_found(entity: str) -> Problem:
    """Return the error for an entity set there is none of."""
    return Problem(404, {"code": "", "message": f"No HTTP resource was found that matches '{entity[:60]}'."})
