"""`reconcile`: one month compared with the accounting system, now. Changes nothing there."""

import asyncio
import json
import uuid
from typing import Annotated

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.acting import OrganisationIfGiven, administrator_of
from integration_admin.commands.running import exporter, run
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import Finding, ReconciliationState
from integration_admin.services.reconciliation import LinePage
from integration_admin.services.reconciliation_compare import CurrencyTotal
from integration_admin.services.reconciliation_report import FINDINGS, LineView, ReconciliationView

_LISTED = 100


def reconcile(
    integration: Annotated[
        uuid.UUID, typer.Argument(help="The integration's id, as `integrations` lists it.")
    ],
    period: Annotated[str, typer.Option(help="The month, such as 2026-11; without it the current one.")] = "",
    organisation: OrganisationIfGiven = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Compare a month with what the accounting system holds, and say what differs.

    Exits with 1 when something differs or the accounting system could not be asked.
    """

    async def compare(application: Application) -> tuple[ReconciliationView, LinePage]:
        await application.keys.run()
        service = application.services.reconciliations
        actor = await administrator_of(application, integration, organisation)
        started = await _started(application, actor, integration, period)
        await _tell_what_it_waits_for(application, actor, integration)
        try:
            ended = await service.finished(actor, started.id)
        except asyncio.CancelledError:
            typer.echo(f"The comparison is not over. What goes on with it: {exporter(application)}", err=True)
            raise
        return ended, await service.lines(actor, ended.id, limit=_LISTED)

    view, page = run(compare)
    if as_json:
        typer.echo(json.dumps(_as_data(view, page), ensure_ascii=False))
    else:
        _tell(view, page)
    if view.state is not ReconciliationState.AGREES:
        raise typer.Exit(1)


async def _started(
    application: Application, actor: Actor, integration: uuid.UUID, period: str
) -> ReconciliationView:
    """Start a comparison; where one is not over yet, say what ends it: nobody may be at it any more."""
    try:
        return await application.services.reconciliations.start(actor, integration, period)
    except Conflict:
        async with application.database.read(actor.organisation_id) as unit:
            earlier = await unit.reconciliations.of(integration)
        if any(row.finished_at is None for row in earlier):
            typer.echo(f"Where nobody is at it, it ends once you start: {exporter(application)}", err=True)
        raise


async def _tell_what_it_waits_for(application: Application, actor: Actor, integration: uuid.UUID) -> None:
    """Say that an export comes first, if one does: it may be one that nobody is at, as after a backup was restored."""
    async with application.database.read(actor.organisation_id) as unit:
        export = await unit.runs.active(integration)
    if export is not None:
        typer.echo(
            "An export is under way or queued. The comparison begins when it has ended. Where nothing exports, start:"
            f" {exporter(application)}",
            err=True,
        )


def _tell(view: ReconciliationView, page: LinePage) -> None:
    for sentence in (view.sentence, *view.remarks):
        typer.echo(str(sentence))
    for name, totals in (("Here", view.here), ("In the accounting system", view.there)):
        for total in totals:
            typer.echo(f"{name}: {total.count} vouchers, {total.sum.decimal()} {total.sum.currency}")
    for line in page.lines:
        typer.echo(
            f"{FINDINGS[line.finding]}: {line.kind} {line.record}, reference {line.reference},"
            f" here {line.here.decimal()} {line.here.currency}, there {_there(line)}"
        )
    if page.next_after is not None:
        typer.echo(f"These are the first {len(page.lines)}. The page and the file have all of them.")


def _there(line: LineView) -> str:
    if not line.count_there:
        return "nothing"
    sums = " + ".join(f"{money.decimal()} {money.currency}" for money in line.there or ())
    return f"{line.count_there} × {sums or 'an amount that is not told'}"


def _as_data(view: ReconciliationView, page: LinePage) -> dict[str, object]:
    return {
        "id": str(view.id),
        "period": view.period,
        "version": view.version,
        "state": view.state.value,
        "message": str(view.sentence),
        "remarks": [str(remark) for remark in view.remarks],
        "here": _sums(view.here),
        "there": _sums(view.there),
        "findings": {finding.value: view.count(finding) for finding in Finding if view.count(finding)},
        "lines": [
            {
                "finding": line.finding.value,
                "kind": line.kind,
                "id": line.record,
                "reference": line.reference,
                "amount": line.here.decimal(),
                "currency": line.here.currency,
                "count_there": line.count_there,
                "sums_there": None
                if line.there is None
                else {money.currency: money.decimal() for money in line.there},
            }
            for line in page.lines
        ],
        "sha256": view.csv_hash,
    }


def _sums(totals: tuple[CurrencyTotal, ...]) -> dict[str, dict[str, object]]:
    return {one.sum.currency: {"count": one.count, "sum": one.sum.decimal()} for one in totals}
