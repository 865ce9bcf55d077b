"""Commands on integrations: listing, testing, running."""

import asyncio
import json
import uuid
from typing import Annotated

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.acting import OrganisationIfGiven, administrator_of
from integration_admin.commands.dry_run import dry_run
from integration_admin.commands.progress import ProgressLine, following
from integration_admin.commands.running import exporter, run
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import RunState
from integration_admin.services.configuration import IntegrationView
from integration_admin.services.connection_report import TestReport
from integration_admin.services.views import RunView

_Organisation = Annotated[str, typer.Option("--organisation", help="The organisation's name.")]
_Integration = Annotated[uuid.UUID, typer.Argument(help="The integration's id, as `integrations` lists it.")]
_Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def integrations(organisation: _Organisation, as_json: _Json = False) -> None:
    """List an organisation's integrations."""

    async def list_them(application: Application) -> list[IntegrationView]:
        return await application.services.configuration.everything(
            await _administrator(application, organisation)
        )

    rows = [
        {"id": str(view.id), "type": view.kind, "name": view.name, "state": str(view.state)}
        for view in run(list_them)
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['id']}  {row['type']}  {row['state']}  {row['name']}")


def test_connection(
    integration: _Integration, organisation: OrganisationIfGiven = "", as_json: _Json = False
) -> None:
    """Sign in to the accounting system and say what happened, within ten seconds."""

    async def test(application: Application) -> TestReport:
        await application.keys.run()
        actor = await administrator_of(application, integration, organisation)
        return await application.services.credentials.test(actor, integration)

    report = run(test)
    if as_json:
        typer.echo(json.dumps({"passed": report.passed, "message": str(report.message)}, ensure_ascii=False))
    else:
        typer.echo(str(report.message))
    if not report.passed:
        raise typer.Exit(1)


def sync(
    integration: _Integration,
    organisation: OrganisationIfGiven = "",
    as_json: _Json = False,
    dry: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the exact payloads and what would fail, and send nothing."),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Stay until it has ended, or leave it to the server.")
    ] = True,
) -> None:
    """Export what is waiting, now, and say how it went; on a terminal, show how far it has come.

    Exits with 1 when not all could be exported; with --dry-run, when something would fail.
    """
    if dry:
        dry_run(integration, organisation, as_json=as_json)
        return

    async def export(application: Application) -> RunView:
        await application.keys.run()
        actor = await administrator_of(application, integration, organisation)
        started = await _started(application, actor, integration)
        if not wait:
            return started
        try:
            async with following(application, actor, started.id, ProgressLine()):
                await application.services.runner.carry_out(actor.organisation_id, started.id)
                return await _ended(application, actor, started.id)
        except asyncio.CancelledError:
            typer.echo(f"The export is not over. What goes on with it: {exporter(application)}", err=True)
            raise

    view = run(export)
    if as_json:
        typer.echo(json.dumps(_run_json(view), ensure_ascii=False))
    else:
        typer.echo(str(view.message or view.state))
    if wait and view.state is not RunState.SUCCEEDED:
        raise typer.Exit(1)


async def _administrator(application: Application, organisation: str) -> Actor:
    return await application.services.organisations.actor_of(organisation)


async def _started(application: Application, actor: Actor, integration: uuid.UUID) -> RunView:
    """Start a run; where one is not over yet, say what ends it: nobody may be at it any more."""
    try:
        return await application.services.runs.start(actor, integration)
    except Conflict:
        async with application.database.read(actor.organisation_id) as unit:
            earlier = await unit.runs.active(integration)
        if earlier is not None:
            typer.echo(f"Where nothing exports, it ends once you start: {exporter(application)}", err=True)
        raise


async def _ended(application: Application, actor: Actor, run_id: uuid.UUID) -> RunView:
    """Wait for the end of a run: a worker may have been quicker to take it up."""
    while (view := await application.services.runs.get(actor, run_id)).finished_at is None:
        await application.clock.sleep(0.2)
    return view


def _run_json(view: RunView) -> dict[str, object]:
    return {
        "id": str(view.id),
        "state": str(view.state),
        "message": str(view.message or ""),
        "delivered": view.delivered,
        "rejected": view.rejected,
        "waiting": view.waiting,
        "unknown": view.unknown,
        "amounts": {money.currency: money.decimal() for money in view.amounts},
    }
