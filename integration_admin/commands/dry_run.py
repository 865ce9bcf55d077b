"""`sync --dry-run`: what an export would send, to the letter, and what would fail. Sends nothing, writes nothing."""

import json
import uuid

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.acting import administrator_of
from integration_admin.commands.running import run
from integration_admin.core.messages import Message
from integration_admin.services.dry_run import DryRunTotals
from integration_admin.services.dry_run_json import written
from integration_admin.services.dry_run_judge import DryRunEntry, Would

_WORDS = {Would.SEND: "Would be sent", Would.FAIL: "Would fail", Would.STAY: "Stays"}


def dry_run(integration: uuid.UUID, organisation: str, *, as_json: bool) -> None:
    """Print every record as it is judged; exits with 1 where one would fail, as the export itself would."""

    async def try_out(application: Application) -> DryRunTotals:
        services, totals = application.services, DryRunTotals()
        actor = await administrator_of(application, integration, organisation)
        obstacle = await services.dry_runs.obstacle(actor, integration)
        pages = services.dry_runs.pages(actor, integration)
        if as_json:
            async for part in written(pages, totals, obstacle, str):
                typer.echo(part, nl=False)
            return totals
        async for page in pages:
            totals.add(page)
            for entry in page:
                _tell_in_words(entry)
        _sum_up_in_words(totals, obstacle)
        return totals

    if run(try_out).counts[Would.FAIL]:
        raise typer.Exit(1)


def _tell_in_words(entry: DryRunEntry) -> None:
    amount = f"{entry.amount.decimal()} {entry.amount.currency}"
    typer.echo(
        f"{_WORDS[entry.would]}: {entry.kind} {entry.record_id}, {amount}, reference {entry.reference}"
    )
    for reason in entry.reasons:
        typer.echo(f"  {reason}")
    if entry.payload is not None:
        typer.echo(json.dumps(entry.payload, ensure_ascii=False, indent=2, default=str))


def _sum_up_in_words(totals: DryRunTotals, obstacle: Message | None) -> None:
    sums = ", ".join(f"{money.decimal()} {money.currency}" for money in totals.amounts)
    counts = ". ".join(f"{_WORDS[would]}: {count}" for would, count in totals.counts.items())
    typer.echo(f"{counts}. Sum that would be sent: {sums or '0'}. Nothing was sent.")
    if obstacle is not None:
        typer.echo(f"No export can start now. {obstacle}")
