"""What Business Central holds under our references, and for how much: journal lines, ledger entries and invoices.

The amount stands on the one line whose description ends in our number (see vouchers.py). Lines of employees cannot
be read back from a journal; a voucher that owes one is worth there what its other lines come to.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.companies import text_of
from integration_admin.adapters.dynamics.business_central.entries import amount_of, under
from integration_admin.adapters.dynamics.business_central.held_invoices import Invoice, readable_invoices_of
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.business_central.vouchers import PENDING
from integration_admin.adapters.dynamics.references import short
from integration_admin.adapters.holding import Holding, added, money_of
from integration_admin.core.money import Money

_LINE: Final = "id,documentNumber,description,amount,comment"
_ENTRY: Final = "entryNumber,documentNumber,description,debitAmount,creditAmount"

Node = Mapping[str, Any]


async def read_holdings(
    client: BusinessCentralClient, place: Place, references: Sequence[str]
) -> list[Holding]:
    """Return what is there under each of `references`, absent ones left out. Raises AdapterError.

    The journal is read first, and again where something is in both: it may have been posted in between.
    """
    staged = await _staged(client, place, references)
    entries = f"/{place.in_company}/generalLedgerEntries"
    posted = await _nodes(client, entries, references, _ENTRY)
    both = [name for name in references if name in staged and name in posted]
    again = await _staged(client, place, both) if both else {}
    invoiced = await readable_invoices_of(client, place, references)
    found = []
    for reference in references:
        in_journal = (again if reference in both else staged).get(reference, [])
        held = _holding(reference, place, in_journal, posted.get(reference, []), invoiced.get(reference, []))
        found += [held] if held.count else []
    return found


async def _staged(
    client: BusinessCentralClient, place: Place, references: Sequence[str]
) -> dict[str, list[Node]]:
    if not place.journal_id:
        return {}
    return await _nodes(client, f"/{place.in_journal}/journalLines", references, _LINE)


async def _nodes(
    client: BusinessCentralClient, path: str, references: Sequence[str], selected: str
) -> dict[str, list[Node]]:
    names = {short(reference): reference for reference in references}
    found: dict[str, list[Node]] = {}
    async for reference, node in under(client, path, "documentNumber", names, {"select": selected}):
        found.setdefault(reference, []).append(node)
    return found


def _holding(
    reference: str, place: Place, staged: Sequence[Node], posted: Sequence[Node], invoices: Sequence[Invoice]
) -> Holding:
    """Put together what is there; what is not complete yet counts as absent, as in lookup.py."""
    whole = [invoice for invoice in invoices if invoice.is_whole]
    complete = bool(staged) and (
        bool(posted) or all(text_of(node.get("comment")) != PENDING for node in staged)
    )
    main = [node for node in posted if _is_main(node, reference)]
    times = max(abs(sum(_side(node) for node in main)), 1) if posted else 0
    amounts = [money_of(invoice.total, invoice.currency or place.currency) for invoice in whole]
    if posted:
        amounts.append(_credited(main, place.currency) if main else None)
    if complete:
        amounts.append(_in_journal(staged, reference, place.currency))
    drafts = sum(not invoice.is_posted for invoice in whole)
    return Holding(
        reference,
        times + complete + len(whole),
        added(amounts),
        waiting=drafts + complete,
        external_id=short(reference) if times or complete else next((one.number for one in whole), ""),
    )


def _in_journal(lines: Sequence[Node], reference: str, currency: str) -> Money | None:
    main = [node for node in lines if _is_main(node, reference)]
    if main:
        return money_of(-_total(main), currency)
    total = _total(lines)
    # Lines that balance without the one known to have the whole amount do not tell what that is.
    return money_of(total, currency) if total else None


def _credited(entries: Iterable[Node], currency: str) -> Money | None:
    """Return what the lines of the whole amount credit; one that was reversed comes to nothing."""
    amounts = (amount_of(node.get("creditAmount")) - amount_of(node.get("debitAmount")) for node in entries)
    return money_of(sum(amounts, Decimal(0)), currency)


def _is_main(node: Node, reference: str) -> bool:
    return text_of(node.get("description")).endswith(short(reference))


def _total(nodes: Iterable[Node]) -> Decimal:
    return sum((amount_of(node.get("amount")) for node in nodes), Decimal(0))


def _side(node: Node) -> int:
    return (amount_of(node.get("creditAmount")) > 0) - (amount_of(node.get("debitAmount")) > 0)
