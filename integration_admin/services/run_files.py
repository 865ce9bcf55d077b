"""The records of one run as a file: CSV for a spreadsheet, JSON for a program. Written piece by piece."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any, Final

from integration_admin.core.actor import Actor
from integration_admin.core.errors import NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services.run_records import RunRecords, RunRecordView
from integration_admin.services.runs import Runs
from integration_admin.services.spreadsheet import csv_line, guarded
from integration_admin.services.views import RunView

MARK: Final = "\ufeff"
"""What Excel needs at the beginning to read UTF-8."""
_HEADINGS: Final = (
    msg("Kind"),
    msg("Record"),
    msg("Amount"),
    msg("Currency"),
    msg("Exported"),
    msg("Why not"),
    msg("Our reference"),
    msg("Id in the accounting system"),
    msg("Link to the voucher"),
)
YES, NO = msg("Yes"), msg("No")
_CUT_OFF: Final = msg(
    "The rest is missing: the export was deleted meanwhile, because it is not kept any longer."
)


class RunFiles:
    """Writes what became of each record in a run."""

    def __init__(self, runs: Runs, records: RunRecords) -> None:
        self._runs = runs
        self._records = records

    async def csv(self, actor: Actor, run_id: uuid.UUID, language: str) -> AsyncIterator[str]:
        """Return the pieces of a CSV file with semicolons and headings in `language`; raises NotFound at once."""
        actor.require(Permission.VIEW)
        await self._runs.get(actor, run_id)
        return self._csv(actor, run_id, language)

    async def json(self, actor: Actor, run_id: uuid.UUID, language: str) -> AsyncIterator[str]:
        """Return the pieces of a JSON document with the run and its records; raises NotFound at once."""
        actor.require(Permission.VIEW)
        run = await self._runs.get(actor, run_id)
        return self._json(actor, run, language)

    async def _csv(self, actor: Actor, run_id: uuid.UUID, language: str) -> AsyncIterator[str]:
        yield MARK + csv_line([heading.translate(language) for heading in _HEADINGS])
        try:
            async for record in self._records.everything(actor, run_id):
                yield csv_line(_cells(record, language))
        except NotFound:
            yield csv_line([_CUT_OFF.translate(language)])

    async def _json(self, actor: Actor, run: RunView, language: str) -> AsyncIterator[str]:
        about = json.dumps(_about(run), ensure_ascii=False)
        yield f'{about[:-1]}, "records": ['
        between, end = "\n", "\n]}\n"
        try:
            async for record in self._records.everything(actor, run.id):
                yield between + json.dumps(as_data(record, language), ensure_ascii=False)
                between = ",\n"
        except NotFound:
            cut_off = json.dumps(_CUT_OFF.translate(language), ensure_ascii=False)
            end = f'\n], "incomplete": {cut_off}}}\n'
        yield end


def as_data(record: RunRecordView, language: str) -> dict[str, Any]:
    """Return one record of a run as JSON has it, for the file and for the API; amounts are decimal strings."""
    return {
        "kind": record.kind,
        "id": record.id,
        "currency": record.amount.currency if record.amount else None,
        "amount": record.amount.decimal() if record.amount else None,
        "exported": record.exported,
        "state": record.state.value if record.state else None,
        "reason": record.reason.translate(language) if record.reason else None,
        "reference": record.reference or None,
        "external_id": record.external_id or None,
        "voucher_url": record.voucher_url or None,
    }


def _about(run: RunView) -> dict[str, Any]:
    return {
        "run": str(run.id),
        "integration": str(run.integration_id),
        "trigger": run.trigger.value,
        "state": run.state.value,
        "requested_at": run.requested_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "amounts": {money.currency: money.decimal() for money in run.amounts},
        "left_out": list(run.left_out.names) if run.left_out else [],
        "excluded_fields_sent": run.left_out.sent if run.left_out else 0,
    }


def _cells(record: RunRecordView, language: str) -> list[str]:
    """Return a row; the amount alone may begin with a minus, for it is a number."""
    return [
        record.kind,
        guarded(record.id),
        record.amount.decimal() if record.amount else "",
        record.amount.currency if record.amount else "",
        (YES if record.exported else NO).translate(language),
        guarded(record.reason.translate(language) if record.reason else ""),
        guarded(record.reference),
        guarded(record.external_id),
        guarded(record.voucher_url),
    ]
