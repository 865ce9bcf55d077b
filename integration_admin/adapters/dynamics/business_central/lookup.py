"""What is booked under our references: in the journal, in the ledger once somebody has posted, and as invoices.

A voucher that is not complete yet counts as absent, unless it was posted like that: it is then sent once more,
meets its own lines or its own draft, and gets the rest (see sending.py and invoicing.py).
"""

from collections.abc import Sequence

from integration_admin.adapters.base import Booked
from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.entries import Entry, Line, entries_of, lines_of
from integration_admin.adapters.dynamics.business_central.held_invoices import readable_invoices_of
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.business_central.vouchers import PENDING
from integration_admin.adapters.dynamics.references import short


async def find(client: BusinessCentralClient, place: Place, references: Sequence[str]) -> list[Booked]:
    """Return what is booked under each of `references`, absent ones left out. Raises AdapterError.

    The journal is read first: what is posted in between then shows in both, and never in neither.
    """
    staged = await lines_of(client, place, references)
    posted = await entries_of(client, place, references)
    staged_again = await lines_of(
        client, place, [name for name in references if name in posted and name in staged]
    )
    invoiced = await readable_invoices_of(client, place, references)
    booked = []
    for reference in references:
        in_journal = (staged_again if reference in posted else staged).get(reference, [])
        count = _count(reference, in_journal, posted.get(reference, []))
        numbers = [invoice.number for invoice in invoiced.get(reference, []) if invoice.is_whole]
        if count or numbers:
            booked.append(Booked(reference, count + len(numbers), short(reference) if count else numbers[0]))
    return booked


def _count(reference: str, staged: Sequence[Line], posted: Sequence[Entry]) -> int:
    """Return how often a voucher is there; its lines are in the journal once at the most, by their key."""
    times_posted = _times_posted(reference, posted)
    is_whole = bool(staged) and all(line.comment != PENDING for line in staged)
    return times_posted + (1 if staged and (is_whole or times_posted) else 0)


def _times_posted(reference: str, posted: Sequence[Entry]) -> int:
    """Count the lines for what is owed; one that was reversed has been booked all the same."""
    owed = [entry.side for entry in posted if entry.description.endswith(short(reference))]
    return max(abs(sum(owed)), 1) if posted else 0
