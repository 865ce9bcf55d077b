"""Things that are looked up: a list of rows with the indexes behind `{dbId}`, `{code}` and the like.

Paging and filtering of lists for queries is in connections.py.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

from integration_admin.sandbox.xledger.problems import Problem, ProblemKind

Row = dict[str, Any]
"""One thing as GraphQL shows it; keys that begin with `_` are the sandbox's own."""

_KEYS = ("dbId", "dbSubId", "code", "ownerCode", "name", "description")
_EXAMPLES = 8


class Catalogue:
    """Rows in the order of their dbId; rows without an owner belong to every entity."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows: Sequence[Row] = list(rows)
        self._index: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            for key in _KEYS:
                if row.get(key) is not None:
                    self._index.setdefault((key, str(row[key])), []).append(row)

    def matching(self, key: str, value: object, owners: frozenset[int]) -> list[Row]:
        """Return the rows of `owners` (and of nobody) whose `key` is exactly `value`."""
        found = self._index.get((key, str(value)), ())
        return [row for row in found if row.get("ownerDbId") is None or row["ownerDbId"] in owners]

    def with_db_id(self, db_id: int) -> Row:
        """Return the row with this dbId, whoever owns it. Raises LookupError."""
        return self._index["dbId", str(db_id)][0]

    def find(self, lookup: Row, path: str, owner: int, owners: frozenset[int]) -> Row:
        """Return the one row a lookup object means.

        `path` is the input field. Raises Problem; for a value nothing matches with the documented
        text (facts S5), in all other cases with an assumed one.
        """
        if lookup.get("showAlternatives") == "YES":
            message = f"{path}: Alternatives requested."
            raise self._lookup_problem(message, "", owners)
        key = next((key for key in _KEYS if lookup.get(key) is not None), None)
        if key is None:
            message = f"{path}: Give one of dbId, code and description."
            raise self._lookup_problem(message, "", owners)
        value = str(lookup[key])
        found = self.matching(key, value, owners)
        if not found:
            message = f"{path}.{key}: No value matching owner {owner}, {key} '{value}'."
            raise self._lookup_problem(message, value, owners)
        if len(found) > 1:
            message = f"{path}.{key}: Several values matching owner {owner}, {key} '{value}'."
            raise self._lookup_problem(message, value, owners)
        return found[0]

    def _lookup_problem(self, message: str, near: str, owners: frozenset[int]) -> Problem:
        examples = [
            {
                "code": row.get("code"),
                "dbId": str(row["dbId"]),
                "ownerDbId": row.get("ownerDbId"),
                "text": row.get("description"),
            }
            for row in self._nearest(near, owners)
        ]
        extensions = {"code": "INVALID_VALUE", "exampleValidInputs": examples}
        return Problem(ProblemKind.LOOKUP, message, extensions=extensions)

    def _nearest(self, near: str, owners: frozenset[int]) -> list[Row]:
        """Return the usable rows whose codes begin most like `near`."""
        usable = [
            row
            for row in self.rows
            if (row.get("ownerDbId") is None or row["ownerDbId"] in owners) and usable_problem(row) is None
        ]

        def likeness(row: Row) -> int:
            pairs = zip(near, str(row.get("code") or ""), strict=False)
            return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))

        return sorted(usable, key=likeness, reverse=True)[:_EXAMPLES]


def usable_problem(row: Row, on: str = "") -> str | None:
    """Return why nothing can be posted on a row, on the date `on` where given (texts are assumed)."""
    if not row.get("_open", True):
        return "is closed"
    if row.get("posting") is False or row.get("allowPosting") is False:
        return "does not allow posting"
    begins = row.get("dateFrom") or row.get("fromDate") or ""
    ends = row.get("dateTo") or row.get("toDate") or ""
    if on and (on < begins or (ends and on > ends)):
        return f"is not valid on {on}"
    return None
