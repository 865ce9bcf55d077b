"""How a comparison ends: its file is hashed, it takes the place of earlier ones, and news are told once."""

import structlog

from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import NoticeKind, ReconciliationState
from integration_admin.data.database import Database
from integration_admin.data.models_reconciliations import Reconciliation
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.notice_outbox import Told, tell
from integration_admin.services.reconciliation_compare import Totals
from integration_admin.services.reconciliation_file import hash_of
from integration_admin.services.reconciliation_report import UNTOLD, month, view_of

_log = structlog.get_logger(__name__)

_COMPARED = frozenset({ReconciliationState.AGREES, ReconciliationState.DIFFERS})


async def finish(
    database: Database,
    clock: Clock,
    row: Reconciliation,
    holder: str,
    *,
    totals: Totals | None = None,
    trouble: Message | None = None,
) -> None:
    """Write down how a comparison ended: with `totals`, or with the `trouble` that kept it from its end.

    Where somebody else has taken it over meanwhile, nothing is written.
    """
    state = ReconciliationState.NOT_COMPARED if totals is None else totals.state
    if state is ReconciliationState.NOT_COMPARED and trouble is None:
        trouble = UNTOLD
    digest = await hash_of(database, row.organisation_id, row.id)
    now = clock.now()
    async with database.write(row.organisation_id) as unit:
        ours = await unit.reconciliations.change(
            row.id,
            holder,
            state=state,
            finished_at=now,
            held_until=None,
            csv_hash=digest,
            trouble=trouble.to_json() if trouble else None,
        )
        if not ours:
            return
        ended = await unit.reconciliations.get(row.id)
        earlier = await _before(unit, ended)
        await unit.reconciliations.supersede(ended)
        await _tell(unit, ended, earlier)
    _log.info("reconciliation_finished", reconciliation=str(row.id), period=row.period, state=str(state))


async def _before(unit: Unit, row: Reconciliation) -> ReconciliationState | None:
    """Return what the month came to when it was compared last."""
    for other in await unit.reconciliations.of(row.integration_id):
        if other.period == row.period and other.version < row.version and other.state in _COMPARED:
            return other.state
    return None


async def _tell(unit: Unit, row: Reconciliation, earlier: ReconciliationState | None) -> None:
    """Tell that a month differs, or agrees again: once for each change."""
    begins = row.state is ReconciliationState.DIFFERS and earlier is not ReconciliationState.DIFFERS
    ends = row.state is ReconciliationState.AGREES and earlier is ReconciliationState.DIFFERS
    if not (begins or ends) or row.finished_at is None:
        return
    integration = await unit.integrations.get(row.integration_id)
    view = view_of(row)
    again = msg("The accounting system agrees for {month} again.", month=month(row.period))
    told = Told(
        NoticeKind.RECONCILIATION,
        f"reconciliation:{row.id}",
        view.sentence if begins else again,
        {"differences": view.differences},
    )
    await tell(unit, integration, told, row.finished_at)
