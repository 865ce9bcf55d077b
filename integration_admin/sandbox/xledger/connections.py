"""Relay connections: filtering, ordering and paging of rows.

`edges` is null where nothing is found and 10 000 rows is the most, as documented (facts S2); the
form of the cursors and what each ownerSet yields are assumed.
"""

import base64
import operator
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

from integration_admin.sandbox.xledger.problems import bad_request
from integration_admin.sandbox.xledger.world import Entity

MAX_ROWS = 10_000


class Readable(Protocol):
    """A row: something that gives a GraphQL field by name, as dict and Line do."""

    def get(self, name: str, /) -> Any:
        """Return the field's value, or None."""
        ...


Test = Callable[[Readable], bool]
_SUFFIXES: dict[str, Callable[[Any, Any], bool]] = {
    "_in": lambda actual, wanted: actual in wanted,
    "_gte": operator.ge,
    "_lte": operator.le,
    "_gt": operator.gt,
    "_lt": operator.lt,
}


def connection(
    rows: Sequence[Readable], arguments: dict[str, Any], owners: frozenset[int], *, most: int = MAX_ROWS
) -> dict[str, Any]:
    """Return one page of `rows`, which must be in the order of their dbId, with at `most` so many. Raises Problem."""
    tests = [_owned_by(owners), _with_status(arguments.get("objectStatus") or "OPEN")]
    tests += _conditions(arguments.get("filter") or {})
    ordered, key = _ordered(rows, arguments.get("orderBy"))
    return _page(ordered, key, arguments, lambda row: all(test(row) for test in tests), most)


def owners_of(entity: Entity, owner_set: str | None, default: str) -> frozenset[int]:
    """Return the entities whose rows an ownerSet stands for."""
    own = frozenset({entity.db_id})
    return {
        "CURRENT": own,
        "MINE": own,
        "UPPER": entity.above,
        "LOWER": entity.reach,
        "ALL": entity.above | entity.reach,
    }[owner_set or default]


def _owned_by(owners: frozenset[int]) -> Test:
    def test(row: Readable) -> bool:
        owner = row.get("ownerDbId")
        return owner is None or owner in owners

    return test


def _with_status(status: str) -> Test:
    if status == "ALL":
        return lambda _: True
    wanted = status == "OPEN"
    return lambda row: (row.get("_open") is not False) == wanted


def _conditions(wanted: dict[str, Any]) -> list[Test]:
    """Turn a filter input into tests; all of them must hold."""
    tests: list[Test] = []
    for name, value in wanted.items():
        if value is None:
            continue
        if name in {"AND", "OR"}:
            tests.append(_combined(name, value))
        else:
            tests.append(_condition(name, value))
    return tests


def _combined(name: str, parts: list[dict[str, Any]]) -> Test:
    groups = [_conditions(part) for part in parts]
    combine = all if name == "AND" else any
    return lambda row: combine(all(test(row) for test in group) for group in groups)


def _condition(name: str, value: Any) -> Test:
    for suffix, compare in _SUFFIXES.items():
        if name.endswith(suffix):
            field = name.removesuffix(suffix)
            wanted = frozenset(value) if suffix == "_in" else value
            return lambda row: (actual := row.get(field)) is not None and compare(actual, wanted)
    return lambda row: row.get(name) == value


Key = Callable[[Readable], Any]


def _db_id(row: Readable) -> int:
    return int(row.get("dbId"))


def _ordered(rows: Sequence[Readable], order: dict[str, Any] | None) -> tuple[Sequence[Readable], Key | None]:
    """Return the rows in the wanted order, and their sort key where it is the natural one."""
    if not order or (order["field"] == "DB_ID" and order.get("direction") != "DESC"):
        return rows, _db_id
    name = {"CREATED_AT": "createdAt", "MODIFIED_AT": "modifiedAt", "CODE": "code", "DB_ID": "dbId"}[
        order["field"]
    ]

    def key(row: Readable) -> tuple[Any, int]:
        value = row.get(name) or ""
        return (0 if name == "dbId" else value, _db_id(row))

    return sorted(rows, key=key, reverse=order.get("direction") == "DESC"), None


def _page(
    rows: Sequence[Readable], key: Key | None, arguments: dict[str, Any], keep: Test, most: int
) -> dict[str, Any]:
    first, last = arguments.get("first"), arguments.get("last")
    size = min(_size(first if first is not None else last), most)
    low = 0 if arguments.get("after") is None else _place(rows, key, arguments["after"], after=True)
    high = (
        len(rows) if arguments.get("before") is None else _place(rows, key, arguments["before"], after=False)
    )
    backwards = first is None and last is not None
    window: Iterator[int] = iter(range(high - 1, low - 1, -1) if backwards else range(low, high))
    found = list(islice((rows[place] for place in window if keep(rows[place])), size + 1))
    more = len(found) > size
    chosen = found[:size]
    if backwards:
        chosen.reverse()
    edges = [{"cursor": _cursor(row), "node": row} for row in chosen]
    info = {
        "hasNextPage": high < len(rows) if backwards else more,
        "hasPreviousPage": more if backwards else low > 0,
    }
    return {"edges": edges or None, "pageInfo": info}


def _size(wanted: int | None) -> int:
    if wanted is None:
        return MAX_ROWS
    if not 0 < wanted <= MAX_ROWS:
        detail = f"first and last must be between 1 and {MAX_ROWS}."
        raise bad_request(detail)
    return wanted


def _cursor(row: Readable) -> str:
    return base64.urlsafe_b64encode(f"row:{row.get('dbId')}".encode()).decode()


def _place(rows: Sequence[Readable], key: Key | None, cursor: str, *, after: bool) -> int:
    """Return where a page beside `cursor` begins (`after`) or ends. Raises Problem."""
    try:
        db_id = int(base64.urlsafe_b64decode(cursor).removeprefix(b"row:"))
    except ValueError:
        detail = f"Invalid cursor '{cursor[:40]}'."
        raise bad_request(detail) from None
    if key is not None:
        return (bisect_right if after else bisect_left)(rows, db_id, key=key)
    place = next((place for place, row in enumerate(rows) if _db_id(row) == db_id), -1)
    if place < 0:
        detail = "The cursor is from another list."
        raise bad_request(detail)
    return place + after
