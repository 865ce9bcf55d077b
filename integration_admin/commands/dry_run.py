"""`sync --dry-run`: what an export would send, to the letter, and what would fail. Sends nothing, writes nothing."""

import json
import uuid

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.acting import administrator_of
from integration_admin.commands.running import run
from integration_admin.core.messages import Message
from integration_admin.services.dry_run import DryRunTotals
from integration_admin.services.dry_run_judge import DryRunEntry, Would

_WORDS = {Would.SEND: "Would be sent", Would.FAIL: "Would fail", Would.STAY: "Stays"}


def dry_run(integration: uuid.UUID, organisation: str, *, as_json: bool) -> None:
    """Print every record as it is judged; exits with 1 where one would fail, as the export itself would."""
    tell = _tell_as_json if as_json else _tell_in_words

    async def try_out(application: Application) -> tuple[DryRunTotals, Message | None]:
        services, totals = application.services, DryRunTotals()
        actor = await administrator_of(application, integration, organisation)
        obstacle = await services.dry_runs.obstacle(actor, integration)
        if as_json:
            typer.echo('{"records": [', nl=False)
        async for page in services.dry_runs.pages(actor, integration):
            for place, entry in enumerate(page):
                tell(entry, first=not any(totals.counts.values()) and place == 0)
            totals.add(page)
        return totals, obstacle

    totals, obstacle = run(try_out)
    (_sum_up_as_json if as_json else _sum_up_in_words)(totals, obstacle)
    if totals.counts[Would.FAIL]:
        raise typer.Exit(1)


def _tell_in_words(entry: DryRunEntry, *, first: bool) -> None:
    del first
    amount = f"{entry.amount.decimal()} {entry.amount.currency}"
    typer.echo(
        f"{_WORDS[entry.would]}: {entry.kind} {entry.record_id}, {amount}, reference {entry.reference}"
    )
    for reason in entry.reasons:
        typer.echo(f"  {reason}")
    if entry.payload is not None:
        typer.echo(_encoded(entry.payload, indent=2))


def _tell_as_json(entry: DryRunEntry, *, first: bool) -> None:
    """Write one element of the list; a backlog is never held as a whole."""
    typer.echo("\n" if first else ",\n", nl=False)
    said = {
        "kind": entry.kind,
        "id": entry.record_id,
        "amount": entry.amount.decimal(),
        "currency": entry.amount.currency,
        "would": str(entry.would),
        "reference": entry.reference,
        "reasons": [str(reason) for reason in entry.reasons],
        "payload": entry.payload,
    }
    typer.echo(_encoded(said), nl=False)


def _sum_up_in_words(totals: DryRunTotals, obstacle: Message | None) -> None:
    sums = ", ".join(f"{money.decimal()} {money.currency}" for money in totals.amounts)
    counts = ". ".join(f"{_WORDS[would]}: {count}" for would, count in totals.counts.items())
    typer.echo(f"{counts}. Sum that would be sent: {sums or '0'}. Nothing was sent.")
    if obstacle is not None:
        typer.echo(f"No export can start now. {obstacle}")


def _sum_up_as_json(totals: DryRunTotals, obstacle: Message | None) -> None:
    said = {
        "counts": {str(would): count for would, count in totals.counts.items()},
        "amounts": {money.currency: money.decimal() for money in totals.amounts},
        "obstacle": str(obstacle) if obstacle else None,
    }
    typer.echo(f"\n], {_encoded(said)[1:]}")


def _encoded(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)
