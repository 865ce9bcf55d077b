"""One call on a company's books, however it came: alone or within a $batch. And what is answered."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from integration_admin.sandbox.dynamics.business_central import odata, problems
from integration_admin.sandbox.dynamics.business_central.books import KINDS, Books
from integration_admin.sandbox.dynamics.business_central.identifiers import is_guid, number_of
from integration_admin.sandbox.dynamics.business_central.odata import Query, Record
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.world import Company

_SEGMENT = re.compile(r"([A-Za-z.$]+)(?:\(([^()/]*)\))?")

NO_CONTENT: Final = 204


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `body` is JSON, or bytes where a file was asked for."""

    status: int
    body: Record | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """What is asked of one company's books; header names are in lower case."""

    books: Books
    company: Company
    keys: tuple[str, ...]
    """The ids of the path, in its order."""
    url: str
    """The address without its query."""
    query: Query
    headers: Mapping[str, str]
    body: Any

    def numbered(self, table: str, place: int) -> tuple[int, Any]:
        """Return the row the key at `place` names, with its number. Raises Problem where there is none."""
        key = self.keys[place]
        require_guid(key)
        number = number_of(KINDS[table], key)
        row = self.books.row(table, number)
        if row is None or row.company != self.company.number:
            raise problems.missing(table, key)
        return number, row

    def fields(self) -> dict[str, Any]:
        """Return the body's fields. Raises Problem where it is no object."""
        if not isinstance(self.body, dict):
            raise Problem(problems.BAD_REQUEST, "The request body is not a JSON object.")
        return self.body

    def require_match(self, number: int, version: int) -> None:
        """Raise Problem unless If-Match names the present version."""
        odata.require_match(self.headers.get("if-match"), odata.etag(number, version))

    def listed(self, records: list[Record], fields: tuple[str, ...]) -> Reply:
        """Return one page of records."""
        prefer = self.headers.get("prefer", "")
        page = odata.listed(records, self.query, url=self.url, fields=fields, size=odata.page_size(prefer))
        headers = {"Preference-Applied": prefer} if "maxpagesize" in prefer else {}
        return Reply(200, page, headers)

    def single(self, record: Record, fields: tuple[str, ...], status: int = 200) -> Reply:
        """Return one record; one that was made says where it is."""
        body = odata.single(record, self.query, url=self.url, fields=fields)
        return Reply(status, body, {"Location": f"{self.url}({record['id']})"} if status == 201 else {})


Handler = Callable[[Call], Reply]


@lru_cache(maxsize=4_096)
def pattern_of(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the form of a path and its keys: `journals(x)/journalLines` is ("journals()/journalLines", ("x",)).

    Raises Problem for a path that has no such form.
    """
    names, keys = [], []
    for part in path.strip("/").split("/"):
        found = _SEGMENT.fullmatch(part)
        if found is None:
            raise Problem(
                problems.NOT_FOUND, f"Resource not found for the segment '{part[:60]}'.", status=404
            )
        name, key = found[1], found[2]
        # Actions are found whatever their letters' case (facts 1.3).
        names.append(
            (name.lower() if name.lower().startswith("microsoft.") else name)
            + ("()" if found[0].endswith(")") else "")
        )
        if key is not None:
            keys.append(key)
    return "/".join(names), tuple(keys)


def require_guid(text: str) -> None:
    """Raise Problem unless `text` is written as a GUID."""
    if not is_guid(text):
        raise Problem(
            problems.BAD_REQUEST, f"Cannot convert the literal '{text[:60]}' to the expected type 'Edm.Guid'."
        )
