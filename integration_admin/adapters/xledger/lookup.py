"""What Xledger holds under our references, in its import queue and in its books.

Only a voucher's credit line carries our reference (see vouchers.py), so entries found are vouchers
booked. Whether Xledger keeps an import item once it is posted is not documented; the larger of both
numbers is right either way, except while one copy of a double is posted and the other still waits.
That `extIdentifier_in` may be asked for follows Xledger's pattern of filters and is tried out by every
connection test.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from integration_admin.adapters.base import Booked
from integration_admin.adapters.xledger.client import XledgerClient, page_in
from integration_admin.adapters.xledger.errors import misshapen

_FIND: Final = """
query Find($references: [String!]!) {
  glImportItems(first: 10000, filter: {extIdentifier_in: $references}) {
    edges { node { dbId extIdentifier } } pageInfo { hasNextPage }
  }
  journalEntries(first: 10000, filter: {extIdentifier_in: $references}) {
    edges { node { dbId extIdentifier } } pageInfo { hasNextPage }
  }
}
"""
_AT_ONCE = 100


async def find(client: XledgerClient, references: Sequence[str]) -> list[Booked]:
    """Return what is booked under each of `references`, absent ones left out. Raises AdapterError."""
    booked: list[Booked] = []
    for start in range(0, len(references), _AT_ONCE):
        some = list(references[start : start + _AT_ONCE])
        data = await client.read(_FIND, {"references": some})
        booked += _count(some, _entries(data, "glImportItems", some), _entries(data, "journalEntries", some))
    return booked


def whole(data: Mapping[str, Any], field: str, references: Collection[str]) -> list[Mapping[str, Any]]:
    """Return every entry of a list that was asked for by `references`.

    Raises AdapterError where the list is not surely the whole answer: a voucher taken for absent would be
    booked again.
    """
    page = page_in(data, field)
    nodes: list[Mapping[str, Any]] = [edge.node or {} for edge in page.edges or ()]
    if page.page_info is None or page.page_info.has_next:
        raise misshapen(detail=f"{field} is not complete")
    if any(text(node.get("extIdentifier")) not in references for node in nodes):
        raise misshapen(detail=f"{field} holds what was not asked for")
    return nodes


def _entries(data: Mapping[str, Any], field: str, references: Collection[str]) -> list[tuple[str, str]]:
    """Return (reference, dbId) of every entry of a list. Raises AdapterError."""
    nodes = whole(data, field, references)
    return [(text(node.get("extIdentifier")), text(node.get("dbId"))) for node in nodes]


def _count(
    references: Iterable[str], queued: Sequence[tuple[str, str]], posted: Sequence[tuple[str, str]]
) -> list[Booked]:
    in_queue = Counter(reference for reference, _ in queued)
    in_books = Counter(reference for reference, _ in posted)
    ids = {**dict(reversed(posted)), **dict(reversed(queued))}
    return [
        Booked(reference, max(in_queue[reference], in_books[reference]), ids[reference])
        for reference in references
        if reference in ids
    ]


def text(value: Any) -> str:
    """Return an id as text: Xledger writes some as numbers and some as strings."""
    return "" if value is None else str(value)
