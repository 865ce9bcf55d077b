"""What Xledger holds under our references, and for how much: the credit line that carries ours is the whole amount.

Whether an import item stays once it is posted is not documented, so the list that has more of a reference is
believed, as in lookup.py; where both have as many, they are the same vouchers and booked.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from integration_admin.adapters.holding import Holding, added, money_of
from integration_admin.adapters.xledger.client import XledgerClient
from integration_admin.adapters.xledger.lookup import text, whole
from integration_admin.core.money import Money

_HELD: Final = """
query Held($references: [String!]!) {
  glImportItems(first: 10000, filter: {extIdentifier_in: $references}) {
    edges { node { dbId extIdentifier invoiceAmount currency { code } } } pageInfo { hasNextPage }
  }
  journalEntries(first: 10000, filter: {extIdentifier_in: $references}) {
    edges { node { dbId extIdentifier invoiceAmount currency { code } } } pageInfo { hasNextPage }
  }
}
"""
_AT_ONCE: Final = 100

Node = Mapping[str, Any]


async def read_holdings(client: XledgerClient, references: Sequence[str]) -> list[Holding]:
    """Return what is there under each of `references`, absent ones left out. Raises AdapterError."""
    found: list[Holding] = []
    for start in range(0, len(references), _AT_ONCE):
        some = list(references[start : start + _AT_ONCE])
        data = await client.read(_HELD, {"references": some})
        queued = _by_reference(whole(data, "glImportItems", some))
        posted = _by_reference(whole(data, "journalEntries", some))
        found += [
            _holding(reference, queued.get(reference, []), posted.get(reference, []))
            for reference in some
            if reference in queued or reference in posted
        ]
    return found


def _holding(reference: str, queued: Sequence[Node], posted: Sequence[Node]) -> Holding:
    believed = posted if len(posted) >= len(queued) else queued
    return Holding(
        reference,
        len(believed),
        added(_owed(node) for node in believed),
        waiting=len(believed) - len(posted),
        external_id=text((posted or queued)[0].get("dbId")),
    )


def _by_reference(nodes: Sequence[Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(text(node.get("extIdentifier")), []).append(node)
    return found


def _owed(node: Node) -> Money | None:
    """Return a voucher's amount, which its credit line has with a minus before it."""
    currency = node.get("currency")
    code = currency.get("code") if isinstance(currency, Mapping) else None
    amount = money_of(node.get("invoiceAmount"), code)
    return None if amount is None else -amount
