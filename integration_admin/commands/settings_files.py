"""Commands on one integration's settings: in words, as a file, and back from a file."""

import json
import sys
import uuid
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.acting import OrganisationIfGiven, administrator_of
from integration_admin.commands.running import run
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.services.cause_pages import CausePage
from integration_admin.services.configuration import IntegrationView
from integration_admin.services.credentials import StoredSecret
from integration_admin.services.health_monitor import Health
from integration_admin.services.settings_document import SettingsDocument
from integration_admin.services.settings_steps import Applied, Change
from integration_admin.services.settings_text import MOST_BYTES

integration = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Show one integration, write its settings to a file, or set one up from a file.",
)
_Integration = Annotated[
    uuid.UUID, typer.Argument(metavar="ID", help="The integration's id, as `integrations` lists it.")
]
_Organisation = Annotated[str, typer.Option("--organisation", help="The organisation's name.")]
_Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_DONE = {
    Change.CREATED: "Set up, and exports from now on",
    Change.UPDATED: "Changed",
    Change.UNCHANGED: "Already as the file says",
}
_Shown = tuple[IntegrationView, Health, CausePage, SettingsDocument, dict[str, StoredSecret]]


@integration.command()
def show(integration: _Integration, organisation: OrganisationIfGiven = "", as_json: _Json = False) -> None:
    """Say in words what an integration is, how it is doing and how it is set up."""

    async def look(application: Application) -> _Shown:
        actor = await administrator_of(application, integration, organisation)
        services = application.services
        form = await services.credentials.form(actor, integration)
        return (
            await services.configuration.get(actor, integration),
            await services.health.of(actor, integration),
            await services.failures.causes(actor, integration),
            await services.settings_files.document(actor, integration),
            {one.field.name: one.stored for one in form.fields if one.stored},
        )

    shown = run(look)
    if as_json:
        typer.echo(json.dumps(_as_json(*shown), ensure_ascii=False))
    else:
        typer.echo("\n".join(_in_words(*shown)))


@integration.command()
def export(integration: _Integration, organisation: OrganisationIfGiven = "", as_json: _Json = False) -> None:
    """Write an integration's settings as YAML, without any secret."""

    async def write(application: Application) -> tuple[str, SettingsDocument]:
        actor = await administrator_of(application, integration, organisation)
        files = application.services.settings_files
        return await files.export(actor, integration), await files.document(actor, integration)

    text, document = run(write)
    typer.echo(json.dumps(document.to_plain(), ensure_ascii=False) if as_json else text.rstrip("\n"))


@integration.command()
def apply(
    file: Annotated[str, typer.Argument(help="YAML as `export` writes it; - reads standard input.")],
    organisation: _Organisation,
    secret: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=@FILE", help="A secret from a file; @- reads standard input."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Set up the integration a file describes, or change the one of that type and name.

    A new connection is tested first. All of the file is stored, or nothing.
    """
    secrets = _secrets(secret or [], from_input=file == "-")
    text = _read(file)

    async def store(application: Application) -> Applied:
        await application.keys.run()
        actor = await application.services.organisations.actor_of(organisation)
        return await application.services.settings_files.apply(actor, text, secrets)

    applied = run(store)
    warnings = [str(warning) for warning in applied.warnings]
    if as_json:
        said = {"id": str(applied.integration_id), "result": str(applied.change), "warnings": warnings}
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    for warning in warnings:
        typer.echo(warning, err=True)
    typer.echo(f"{_DONE[applied.change]}: {applied.integration_id}")


def _secrets(given: list[str], *, from_input: bool) -> dict[str, Secret]:
    """Read the secrets from where the options say. Raises InvalidInput; nothing that was read is ever told."""
    secrets: dict[str, Secret] = {}
    for option in given:
        name, _, place = option.partition("=")
        if not name or not place.startswith("@") or place == "@":
            # What stands there may be the secret itself.
            raise InvalidInput(msg("Give a secret as --secret FIELD=@FILE; it is read from the file."))
        if place == "@-" and from_input:
            raise InvalidInput(msg("Standard input can be read once only."))
        if name in secrets:
            raise InvalidInput(msg("The secret “{name}” is given twice.", name=name))
        from_input = from_input or place == "@-"
        secrets[name] = Secret(_text(place[1:]))
    return secrets


def _text(place: str) -> str:
    try:
        return _read(place).decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise InvalidInput(msg("The file {file} is not UTF-8 text.", file=place)) from None


def _read(place: str) -> bytes:
    """Return what is in a file, or comes in where it is `-`; no more than a little over what is allowed."""
    try:
        if place == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(place).open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError:
        raise InvalidInput(msg("The file {file} cannot be read.", file=place)) from None


def _as_json(
    view: IntegrationView,
    health: Health,
    causes: CausePage,
    document: SettingsDocument,
    stored: dict[str, StoredSecret],
) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "state": str(view.state),
        "status": str(health.status),
        "sentence": str(health.sentence),
        "connected_to": view.tested_entity,
        "tested_at": _time(view.tested_at),
        "last_success_at": _time(view.last_success_at),
        "next_run_at": _time(health.next_run_at),
        "delivered": health.delivered_total,
        "waiting": health.waiting,
        "failed": health.failed,
        "unknown": health.unknown,
        "causes": [
            {"message": str(one.message), "records": one.records, "more": one.more, "since": _time(one.since)}
            for one in causes.causes
        ],
        "secrets": {
            name: {"stored_at": _time(secret.stored_at), "stored_by": secret.stored_by}
            for name, secret in stored.items()
        },
        **document.to_plain(),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _in_words(
    view: IntegrationView,
    health: Health,
    causes: CausePage,
    document: SettingsDocument,
    stored: dict[str, StoredSecret],
) -> list[str]:
    counts = f"{health.delivered_total} exported, {health.waiting} waiting, {health.failed} failed, {health.unknown} unknown"
    tested = f"{view.tested_entity}, tested {_time(view.tested_at)}" if view.tested_at else "not tested"
    lines = [
        f"{view.name} ({view.label}), {view.state}",
        str(health.sentence),
        f"Records: {counts}",
        *(f"  {one.records}{'+' if one.more else ''} failed: {one.message}" for one in causes.causes),
        f"Connected to: {tested}",
        *(f"  {name}: {value}" for name, value in (document.settings or {}).items()),
        *(f"  {name}: stored {_time(one.stored_at)} by {one.stored_by}" for name, one in stored.items()),
        "Mapping:" if document.mapping else "Mapping: none",
    ]
    for name, field in (document.mapping or {}).items():
        values = f", {len(field.values)} values translated" if field.values else ""
        origin = field.source or (
            f"“{field.constant}” always" if field.compose is None else f"“{field.compose}”"
        )
        lines.append(f"  {name}: {origin}{values}")
    schedule = document.schedule
    if schedule is None:
        return [*lines, "Schedule: none"]
    how = " ".join(
        part for part in (schedule.kind, schedule.cron_line, schedule.at, schedule.time_zone) if part
    )
    lines.append(f"Schedule: {how}{'' if schedule.enabled else ', switched off'}")
    lines.append(f"Next run: {_time(health.next_run_at) or 'none planned'}")
    return [*lines, f"Left out: {', '.join(document.excluded or ()) or 'nothing'}"]
