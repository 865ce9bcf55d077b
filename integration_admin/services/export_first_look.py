"""After a restored backup: what may have been exported since that was made is looked up before it goes out.

A restored database does not know what it did after the backup. The reference of a record follows from the record, so
the accounting system does. That holds for good: a record of those days may come again at any time.
"""

from collections.abc import Mapping, Sequence

import structlog

from integration_admin.adapters.base import Booked
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.services.export_claims import Item
from integration_admin.services.export_job import ExportJob
from integration_admin.services.export_outcomes import Verdict, looked_up

_log = structlog.get_logger(__name__)


class FirstLook:
    """Tells what is there already of a batch whose intent is committed."""

    def __init__(self, job: ExportJob) -> None:
        self._job = job

    async def settled(self, items: Sequence[Item]) -> list[Verdict]:
        """Return a verdict for each record that is there. Raises AdapterError, whose fault says that nothing was sent."""
        size, now = self._job.capabilities.lookup_size, self._job.clock.now()
        verdicts: list[Verdict] = []
        for start in range(0, len(items), size):
            page = [item.delivery for item in items[start : start + size]]
            booked = await self._ask(page)
            found = [looked_up(one, booked.get(one.reference), now) for one in page]
            verdicts += [one._replace(sent=True) for one in found if one.state is not DeliveryState.READY]
        return verdicts

    async def _ask(self, page: Sequence[Outgoing]) -> Mapping[str, Booked]:
        try:
            found = await self._job.adapter.lookup(self._job.credentials, [one.reference for one in page])
        except AdapterError as error:
            if error.fault in {Fault.CONFIG, Fault.RATE_LIMITED}:
                raise
            raise AdapterError(
                error.message,
                Fault.TRANSIENT,
                code=error.code,
                retry_after=error.retry_after,
                internal=error.internal,
            ) from None
        except Exception as error:  # noqa: BLE001, nothing was sent, and it must not look as if it had been
            _log.exception("question_broke", run=str(self._job.run.id), error=type(error).__name__)
            raise AdapterError(msg("There is a fault in this program."), Fault.TRANSIENT) from None
        return {one.reference: one for one in found}
