"""The person who decides what the program may not: looks into the ledger and says what is there."""

from collections import Counter

from faults.installation import Installation
from faults.ledger import LedgerView
from integration_admin.core.errors import Conflict
from integration_admin.services.decisions import DecisionView


class Person:
    """Decides about records by the services behind the two buttons, and counts the decisions."""

    def __init__(self, installation: Installation, ledger: LedgerView) -> None:
        self._installation = installation
        self._ledger = ledger
        self.decisions: Counter[str] = Counter()

    async def decide(self) -> None:
        """Settle every record that waits by what the ledger says, and let refused ones go out again.

        Called when nothing is under way any more, as somebody would who has read the page.
        """
        services, actor = self._installation.application.services, self._installation.actor
        booked = Counter(entry.reference for entry in self._ledger.entries())
        cursor = -1
        while cursor:
            page = await services.decisions.waiting(actor, self._installation.integration_id, max(cursor, 0))
            for view in page.decisions:
                await self._decide(view, booked[view.reference])
            cursor = page.next_cursor
        try:
            await services.runs.retry(actor, self._installation.integration_id)
            self.decisions["retried refused records"] += 1
        except Conflict:
            return

    async def _decide(self, view: DecisionView, booked: int) -> None:
        decisions, actor = self._installation.application.services.decisions, self._installation.actor
        integration_id, record = self._installation.integration_id, (view.record_kind, view.record_id)
        if booked:
            await decisions.found(actor, integration_id, record, str(view.voucher_number))
            self.decisions["found" if booked == 1 else "found more than once"] += 1
        else:
            await decisions.send_again(actor, integration_id, [record])
            self.decisions["sent again"] += 1
