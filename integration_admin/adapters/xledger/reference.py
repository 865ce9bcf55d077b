"""Reads Xledger's own lists: accounts, projects, tax rules, dimensions, subledgers and currencies.

Closed, non-posting and doubled entries are kept; whether a code may be used is for the services to say.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from integration_admin.adapters.base import ReferenceData
from integration_admin.adapters.xledger.client import XledgerClient, page_in
from integration_admin.adapters.xledger.errors import Cause, misshapen
from integration_admin.adapters.xledger.fields import GL_OBJECTS
from integration_admin.core.errors import AdapterError
from integration_admin.core.reference import ReferenceItem

_PAGE_SIZE = 1_000
_MAX_PAGES = 200
_TAX_RULE = "TAX_RULE"

Read = TypeVar("Read")

_SLOTS: Final = """
query Slots {
  viewer { entity { glSetupEntries { field { name } fieldObject { description objectKind { dbId name } } } } }
}
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as Xledger names it; `statuses` are read one after the other, so that closed entries are known."""

    field: str
    node: str
    statuses: tuple[str, ...] = ("OPEN", "CLOSED")
    filter_type: str = ""

    def document(self, status: str) -> str:
        """Return the question for one page; only names of this module go into its text."""
        declared = f", $filter: {self.filter_type}" if self.filter_type else ""
        used = ", filter: $filter" if self.filter_type else ""
        return (
            f"query Page($first: Int, $after: String{declared}) {{ {self.field}(first: $first, after: $after,"
            f" objectStatus: {status}{used}) {{ edges {{ cursor node {{ {self.node} }} }}"
            " pageInfo { hasNextPage } } }"
        )


ACCOUNTS: Final = Listing("accounts", "dbId code description posting")
PROJECTS: Final = Listing("projects", "dbId code description allowPosting fromDate toDate")
CURRENCIES: Final = Listing("currencies", "dbId code description", statuses=("OPEN",))
SUBLEDGERS: Final = Listing("subledgers", "dbId code description")
KINDS: Final = Listing("objectKinds", "dbId name", statuses=("ALL",))
VALUES: Final = Listing(
    "objectValues", "dbId code description posting dateFrom dateTo", filter_type="ObjectValue_Filter"
)


async def read_all(client: XledgerClient) -> ReferenceData:
    """Read every list; one the token may not read is left out, except for the accounts. Raises AdapterError."""
    lists = {"accounts": await _items(client, ACCOUNTS)}
    optional = {"projects": PROJECTS, "currencies": CURRENCIES, "subledgers": SUBLEDGERS}
    for name, listing in optional.items():
        items = await _if_allowed(_items(client, listing))
        lists |= {} if items is None else {name: items}
    slots = await _if_allowed(_slots(client)) or []
    kinds = {slot: kind for slot, kind, _ in slots}
    tax_rules = await _if_allowed(_tax_rule_kind(client))
    kinds |= {} if tax_rules is None else {"tax_rules": tax_rules}
    for name, kind in kinds.items():
        items = await _if_allowed(_items(client, VALUES, kind))
        lists |= {} if items is None else {name: items}
    return ReferenceData(lists, {slot: title for slot, _, title in slots})


async def _if_allowed(reading: Awaitable[Read]) -> Read | None:
    """Return what is read, or None when the token has no right to it."""
    try:
        return await reading
    except AdapterError as error:
        if error.code != Cause.SCOPE.code:
            raise
        return None


async def _items(
    client: XledgerClient, listing: Listing, kind: int | str | None = None
) -> tuple[ReferenceItem, ...]:
    """Return the items of every status, each once: what was listed as open stays open."""
    items: dict[str, ReferenceItem] = {}
    for status in listing.statuses:
        async for node in _nodes(client, listing, status, kind):
            item = _item(node, is_open=status != "CLOSED")
            if item.id:
                items.setdefault(item.id, item)
    return tuple(items.values())


async def _nodes(
    client: XledgerClient, listing: Listing, status: str, kind: int | str | None = None
) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the nodes of every page; the next page begins after the last edge's cursor."""
    variables: dict[str, Any] = {"first": _PAGE_SIZE, "after": None}
    if kind is not None:
        variables["filter"] = {"objectKindDbId": kind}
    seen: set[str] = set()
    for _ in range(_MAX_PAGES):
        page = page_in(await client.read(listing.document(status), variables), listing.field)
        edges = page.edges or []
        for edge in edges:
            yield edge.node or {}
        cursor = edges[-1].cursor if edges else None
        if page.page_info is None or not page.page_info.has_next or not cursor or cursor in seen:
            return
        seen.add(cursor)
        variables = {**variables, "after": cursor}
    raise misshapen(detail=f"{listing.field} has more than {_MAX_PAGES} pages")


async def _tax_rule_kind(client: XledgerClient) -> int | str | None:
    """Return the id of the object kind that holds tax rules; kinds are found by name, never by number."""
    async for node in _nodes(client, KINDS, "ALL"):
        if node.get("name") == _TAX_RULE:
            return _kind_id(node.get("dbId"))
    return None


async def _slots(client: XledgerClient) -> list[tuple[str, int | str, str]]:
    """Return (our field, object kind, what it is called here) of every GL object slot in use."""
    entity = _dict(_dict((await client.read(_SLOTS)).get("viewer")).get("entity"))
    entries = entity.get("glSetupEntries")
    slots = []
    for place, entry in enumerate(entries if isinstance(entries, list) else []):
        held = _dict(_dict(entry).get("fieldObject"))
        kind = _dict(held.get("objectKind"))
        kind_id = _kind_id(kind.get("dbId"))
        slot = _slot(_text(_dict(_dict(entry).get("field")).get("name")), place)
        if kind_id is not None and slot:
            slots.append((slot, kind_id, _text(held.get("description")) or _text(kind.get("name"))))
    return slots


def _slot(field_name: str, place: int) -> str:
    """Return our name of the slot: by the number in Xledger's name of it, else by its place."""
    number = re.search(r"object\D{0,2}([1-5])$", field_name, re.IGNORECASE)
    if number:
        return GL_OBJECTS[int(number[1]) - 1]
    return GL_OBJECTS[place] if not field_name and place < len(GL_OBJECTS) else ""


def _item(node: Mapping[str, Any], *, is_open: bool) -> ReferenceItem:
    posting = node.get("posting", node.get("allowPosting"))
    return ReferenceItem(
        id=_text(node.get("dbId")),
        code=_text(node.get("code")),
        name=_text(node.get("description")),
        open=is_open,
        posting=posting is not False,
        valid_from=_day(node.get("dateFrom") or node.get("fromDate")),
        valid_to=_day(node.get("dateTo") or node.get("toDate")),
    )


def _kind_id(value: Any) -> int | str | None:
    """Return an object kind's id as filters take it: a number, though it is listed as a string."""
    text = _text(value)
    return int(text) if text.isascii() and text.isdigit() else text or None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
