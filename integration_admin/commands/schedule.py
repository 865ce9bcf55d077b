"""The command that says when an integration runs next."""

import json
import uuid
from datetime import UTC
from typing import Annotated

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.acting import OrganisationIfGiven, administrator_of
from integration_admin.commands.running import run
from integration_admin.core.statuses import IntegrationState, ScheduleKind
from integration_admin.services.schedules import ScheduleView

_NEXT = 5


def schedule(
    integration: Annotated[
        uuid.UUID, typer.Argument(help="The integration's id, as `integrations` lists it.")
    ],
    organisation: OrganisationIfGiven = "",
    count: Annotated[int, typer.Option("--next", min=1, max=1000, help="How many runs to list.")] = _NEXT,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """List the next runs of an integration, in local time and in UTC."""

    async def look(application: Application) -> tuple[ScheduleView, IntegrationState]:
        actor = await administrator_of(application, integration, organisation)
        services = application.services
        view = await services.schedules.get(actor, integration, count)
        return view, (await services.configuration.get(actor, integration)).state

    view, state = run(look)
    runs = _runs(view)
    if as_json:
        said = {"time_zone": view.timetable.time_zone, "enabled": view.enabled, "saved": view.saved}
        typer.echo(json.dumps(said | {"state": str(state), "runs": runs}, ensure_ascii=False))
        return
    for one in runs:
        typer.echo(f"{one['local']}  {one['utc']}")
    remark = _remark(view, state)
    if remark:
        typer.echo(remark, err=True)


def _runs(view: ScheduleView) -> list[dict[str, str]]:
    """Return the runs as instants, written in local time and in UTC."""
    zone = view.timetable.zone
    if zone is None or not view.saved:
        return []
    return [
        {
            "local": slot.due_at.astimezone(zone).isoformat(timespec="minutes"),
            "utc": slot.due_at.astimezone(UTC).isoformat(timespec="minutes"),
        }
        for slot in view.next_slots
    ]


def _remark(view: ScheduleView, state: IntegrationState) -> str:
    """Say why nothing is listed, or why what is listed will not happen as things stand."""
    if not view.saved:
        return "No schedule is saved yet."
    if not view.zone_known:
        return f"This machine does not know the time zone {view.timetable.time_zone}; nothing runs by itself."
    if not view.enabled:
        return "The schedule is switched off; nothing runs by itself."
    if view.timetable.kind is ScheduleKind.MANUAL:
        return "This integration runs only when somebody starts it."
    return (
        ""
        if state is IntegrationState.ACTIVE
        else f"The integration is {state}; nothing is exported until it is active."
    )
