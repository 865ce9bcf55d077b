"""What became of vouchers in their journals: still waiting there to be posted, or posted.

One that is in no journal any more is left out: somebody may have taken it out, or cleaned posted journals up.
"""

from collections.abc import Sequence

from integration_admin.adapters.dynamics.finance_operations.client import ODataClient
from integration_admin.adapters.dynamics.finance_operations.journals import posted
from integration_admin.adapters.dynamics.finance_operations.lookup import lines_of
from integration_admin.adapters.following import Fate
from integration_admin.core.statuses import FateState


async def read_fates(client: ODataClient, references: Sequence[str]) -> list[Fate]:
    """Return what became of the vouchers under `references`, unknown ones left out. Raises AdapterError."""
    found = await lines_of(client, references)
    journals = {reference: str(rows[0].get("JournalBatchNumber")) for reference, rows in found.items()}
    done = await posted(client, sorted(set(journals.values())))
    return [
        Fate(reference, FateState.BOOKED if done[journal] else FateState.STAGED)
        for reference, journal in journals.items()
        if journal in done
    ]
