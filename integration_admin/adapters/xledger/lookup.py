"""What Xledger holds under our references, in its import queue and in its books.

Only a voucher's credit line carries our reference (see vouchers.py), so entries found are vouchers
booked. Whether Xledger keeps an import item once it is posted is not documented; the larger of both
numbers is right either way, except while one copy of a double is posted and the other still waits.
That `extIdentifier_in` may be asked for follows Xledger's pattern of filters and is tried out by every
connection test.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from integration_admin.adapters.base import Booked
from integration_admin.adapters.xledger.client import Page, XledgerClient, page_in

_FIND: Final = """
query Find($references: [String!]!) {
  glImportItems(first: 10000, filter: {extIdentifier_in: $references}) {
    edges { node { dbId extIdentifier } }
  }
  journalEntries(first: 10000, filter: {extIdentifier_in: $references}) {
    edges { node { dbId extIdentifier } }
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
        queued = _nodes(page_in(data, "glImportItems"))
        posted = _nodes(page_in(data, "journalEntries"))
        booked += _count(some, queued, posted)
    return booked


def _nodes(page: Page) -> list[tuple[str, str]]:
    """Return (reference, dbId) of every entry."""
    nodes = (edge.node for edge in page.edges or () if edge.node is not None)
    return [(_text(node.get("extIdentifier")), _text(node.get("dbId"))) for node in nodes]


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


def _text(value: Any) -> str:
    """Return an id as text: Xledger writes some as numbers and some as strings."""
    return "" if value is None else str(value)
