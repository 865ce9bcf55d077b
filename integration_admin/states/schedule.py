"""The sync schedule: when an integration runs by itself, and the next runs written out."""

import uuid

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration
from integration_admin.states.forms import FormState
from integration_admin.states.reader import current_reader
from integration_admin.states.wizard import step_address


class ScheduleState(FormState, rx.State):
    """The schedule of one integration."""

    ready: bool = False
    integration_id: str = ""
    version: int = 0
    in_wizard: bool = False
    kind: str = "daily"
    at: str = "02:00"
    time_zone: str = ""
    next_runs: list[str] = []  # noqa: RUF012, Reflex copies defaults
    saved: bool = False

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Read the schedule, or the proposed one."""
        reader = await current_reader()
        self._clear()
        self.ready, self.saved = False, False
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return
        self.in_wizard = self.router.url.path.rstrip("/").endswith("/new")
        self.integration_id = str(integration_id)
        try:
            view = await container.current().schedules.get(reader.actor, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.version, self.kind, self.at, self.time_zone = (
            view.version,
            str(view.kind),
            view.at,
            view.time_zone,
        )
        self.next_runs = [reader.speech.instant(slot.due_at) for slot in view.next_slots]
        self.times_read += 1
        self.ready = True

    @rx.event
    @requires(Permission.CONFIGURE)
    async def preview(self, name: str, value: str) -> None:
        """Write out the next runs the schedule would have as it is typed."""
        reader = await current_reader()
        if name in {"kind", "at", "time_zone"}:
            setattr(self, name, str(value)[:64])
        try:
            slots = container.current().schedules.preview(self.kind, self.at, self.time_zone)
        except IntegrationAdminError:
            self.next_runs = []
            return
        self.next_runs = [reader.speech.instant(slot.due_at) for slot in slots]

    @rx.event
    @requires(Permission.CONFIGURE)
    async def save(self, form: dict) -> rx.event.EventSpec | None:
        """Save the schedule."""
        reader = await current_reader()
        self._clear()
        integration_id = uuid.UUID(self.integration_id)
        kind, at, zone = (str(form.get(name, "")) for name in ("kind", "at", "time_zone"))
        try:
            self.version = await container.current().schedules.save(
                reader.actor, integration_id, self.version, kind or self.kind, at, zone
            )
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        self.saved = True
        return rx.redirect(step_address(integration_id, "review")) if self.in_wizard else None
