"""OData as Business Central speaks it: query options, pages, ETags and the form of lists."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from integration_admin.sandbox.dynamics.business_central.odata_filter import Condition, parse_filter
from integration_admin.sandbox.dynamics.business_central.problems import (
    BAD_REQUEST,
    ENTITY_CHANGED,
    INVALID_TOKEN,
    Problem,
)

MOST_IN_PAGE: Final = 20_000
"""Entities in one page (facts 1.6)."""
_PAGE_SIZE = re.compile(r"odata\.maxpagesize\s*=\s*([0-9]{1,9})", re.IGNORECASE)

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """The query options of one request."""

    options: Mapping[str, str] = field(default_factory=dict)
    condition: Condition | None = None
    select: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    order: str = ""
    descending: bool = False
    top: int | None = None
    skip: int = 0
    token: int = 0
    """How many entities the pages before this one had."""
    count: bool = False

    def matches(self, record: Record) -> bool:
        """Tell whether the filter lets a record through."""
        return self.condition is None or self.condition.matches(record)

    def pinned(self, name: str) -> frozenset[str] | None:
        """Return the values the filter pins a field to, or None."""
        return self.condition.pinned(name) if self.condition else None


def parse_query(text: str) -> Query:
    """Read a query string. Raises Problem."""
    if not text:
        return Query()
    options = dict(parse_qsl(text, keep_blank_values=True))
    filtered = options.get("$filter", "").strip()
    order = options.get("$orderby", "").split()
    return Query(
        options=options,
        condition=parse_filter(filtered) if filtered else None,
        select=_names(options.get("$select", "")),
        expand=_names(options.get("$expand", "")),
        order=order[0] if order else "",
        descending=order[1:] == ["desc"],
        top=_count(options["$top"]) if "$top" in options else None,
        skip=_count(options.get("$skip", "0")),
        token=_count(options.get("$skiptoken", "0")),
        count=options.get("$count") == "true",
    )


def page_size(prefer: str) -> int:
    """Return how many entities a Prefer header wants in a page, at most what is allowed."""
    found = _PAGE_SIZE.search(prefer)
    return min(int(found[1]), MOST_IN_PAGE) or MOST_IN_PAGE if found else MOST_IN_PAGE


def listed(
    records: Sequence[Record], query: Query, *, url: str, fields: Sequence[str], size: int = MOST_IN_PAGE
) -> Record:
    """Return one page; `url` is the address of the list without options. Raises Problem."""
    _require_known(query, fields)
    found = _found(records, query)
    page = list(islice(found, query.token, query.token + size))
    answer: Record = {"@odata.context": f"{url.partition('companies')[0]}$metadata#{_name(url)}"}
    more = len(page) == size and next(found, None) is not None
    if query.count:
        answer["@odata.count"] = sum(query.matches(record) for record in records)
    answer["value"] = [selected(record, query) for record in page]
    if more:
        options = {**query.options, "$skiptoken": str(query.token + size)}
        answer["@odata.nextLink"] = f"{url}?{urlencode(options, quote_via=quote, safe='$')}"
    return answer


def single(record: Record, query: Query, *, url: str, fields: Sequence[str]) -> Record:
    """Return one entity as an answer. Raises Problem."""
    _require_known(query, fields)
    context = f"{url.partition('companies')[0]}$metadata#{_name(url)}/$entity"
    return {"@odata.context": context, **selected(record, query)}


def selected(record: Record, query: Query) -> Record:
    """Return the fields that were asked for; ETags and what was expanded always stay."""
    if not query.select:
        return record
    wanted = {*query.select, *query.expand, "@odata.etag"}
    return {name: value for name, value in record.items() if name in wanted}


def etag(number: int, version: int) -> str:
    """Return the ETag of a record's version, in the form Business Central's have."""
    return f'W/"{base64.b64encode(f"19;{number};{version:020};00;".encode()).decode()}"'


def require_match(if_match: str | None, current: str) -> None:
    """Raise Problem unless an If-Match header names the present version or any."""
    if if_match is None or not (if_match == "*" or if_match.startswith('W/"')):
        raise Problem(
            INVALID_TOKEN, "Could not validate the client concurrency token required by the service."
        )
    if if_match not in ("*", current):
        raise Problem(ENTITY_CHANGED, "Another user has already changed the record.", status=409)


def _found(records: Sequence[Record], query: Query) -> Iterator[Record]:
    rows: Iterable[Record] = filter(query.matches, records)
    if query.order:
        rows = sorted(rows, key=lambda row: row[query.order], reverse=query.descending)
    stop = None if query.top is None else query.skip + query.top
    return islice(iter(rows), query.skip, stop)


def _require_known(query: Query, fields: Sequence[str]) -> None:
    if not query.options:
        return
    asked = {*query.select, *(query.condition.fields() if query.condition else ())}
    asked |= {query.order} if query.order else set()
    for name in sorted(asked.difference(fields)):
        raise Problem(BAD_REQUEST, f"Could not find a property named '{name}' on this type.")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _name(url: str) -> str:
    """Return what stands after the base address: companies(id)/accounts."""
    place = url.find("companies")
    return url[place:] if place >= 0 else url.rpartition("/")[2]


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem(BAD_REQUEST, f"'{text[:20]}' is not a count.")
    return int(text)
