"""What became of vouchers in the journal and of draft invoices: still waiting to be posted, or posted.

One that is in neither place is left out: somebody may have taken it out, or posting may have given it
another document number.
"""

from collections.abc import Sequence

from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.entries import entries_of, lines_of
from integration_admin.adapters.dynamics.business_central.held_invoices import (
    Invoice,
    readable_invoices_of,
)
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.following import Fate
from integration_admin.core.statuses import FateState


async def read_fates(client: BusinessCentralClient, place: Place, references: Sequence[str]) -> list[Fate]:
    """Return what became of the vouchers under `references`, unknown ones left out. Raises AdapterError."""
    posted = await entries_of(client, place, references)
    others = [reference for reference in references if reference not in posted]
    staged = await lines_of(client, place, others)
    invoiced = await readable_invoices_of(client, place, [name for name in others if name not in staged])
    return [
        *(Fate(reference, FateState.BOOKED) for reference in posted),
        *(Fate(reference, FateState.STAGED) for reference in staged),
        *(_fate(reference, held) for reference, held in invoiced.items()),
    ]


def _fate(reference: str, held: Sequence[Invoice]) -> Fate:
    """Return what became of an invoice; posting gives it another number."""
    for invoice in held:
        if invoice.is_posted:
            return Fate(reference, FateState.BOOKED, external_id=invoice.number)
    return Fate(reference, FateState.STAGED)
