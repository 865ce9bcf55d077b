"""The sync schedule: when an integration runs by itself, the next runs written out, and what was missed."""

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.statuses import Permission, ScheduleKind
from integration_admin.services import container
from integration_admin.services.schedules import ScheduleView
from integration_admin.services.timetable import Timetable, read_timetable
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration, asked_word, shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.reader import current_reader
from integration_admin.states.speech import Speech
from integration_admin.states.wizard import STEPS, step_address

_TYPED = ("kind", "at", "day", "cron_line", "time_zone")
_PROPOSED_KIND = str(ScheduleKind.DAILY)
_FIRST_DAYS = {str(ScheduleKind.WEEKLY): "1", str(ScheduleKind.MONTHLY): "0"}
"""What is chosen first where a kind needs a day: Monday, the last of the month."""


class ScheduleState(FormState, rx.State):
    """The schedule of one integration. A cron line, where there is one, counts instead of the kind."""

    ready: bool = False
    integration_id: str = ""
    version: int = 0
    in_wizard: bool = False
    kind: str = _PROPOSED_KIND
    at: str = "02:00"
    day: str = ""
    cron_line: str = ""
    time_zone: str = ""
    next_runs: list[str] = []  # noqa: RUF012, Reflex copies defaults
    unreadable: bool = False
    """Whether what is typed is no schedule yet, so that nothing can be said of its next exports."""
    saved: bool = False
    zone_known: bool = True
    missed_since: str = ""
    """Since when exports were missed that somebody has to decide about; empty while there are none."""
    answer: str = ""
    """What was decided about them just now: "export" or "leave"."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Read the schedule, or the proposed one."""
        reader = await current_reader()
        self._clear()
        self.ready, self.saved, self.answer = False, False, ""
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
        self._show(view, reader.speech)
        self.times_read += 1
        self.ready = True

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load_in_wizard(self) -> rx.event.EventSpec | None:
        """Read the schedule only on its own step."""
        asked = asked_word(self.router.url, "step", STEPS)
        return ScheduleState.load if asked == "schedule" else None

    @rx.event
    @requires(Permission.CONFIGURE)
    async def preview(self, name: str, value: str) -> None:
        """Write out the next runs the schedule would have as it is typed."""
        reader = await current_reader()
        if name in _TYPED:
            setattr(self, name, str(value)[:100].strip())
        if name == "kind":
            self.day = _FIRST_DAYS.get(self.kind, "")
        try:
            slots = container.current().schedules.preview(self._timetable({}))
        except IntegrationAdminError:
            self.next_runs, self.unreadable = [], True
            return
        self.next_runs, self.unreadable = [reader.speech.instant(slot.due_at) for slot in slots], False

    @rx.event
    @requires(Permission.CONFIGURE)
    async def save(self, form: dict) -> rx.event.EventSpec | None:
        """Save the schedule."""
        reader = await current_reader()
        self._clear()
        self.saved = False
        integration_id = shown_id(self.integration_id)
        schedules = container.current().schedules
        try:
            timetable = self._timetable(form)
            self.version = await schedules.save(reader.actor, integration_id, self.version, timetable)
            self._show(await schedules.get(reader.actor, integration_id), reader.speech)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        self.saved = True
        return rx.redirect(step_address(integration_id, "review")) if self.in_wizard else None

    @rx.event
    @requires(Permission.RUN)
    async def answer_missed(self, answer: str) -> None:
        """Make up for missed exports now ("export"), or leave their records to the next planned one."""
        reader = await current_reader()
        self._clear()
        integration_id = shown_id(self.integration_id)
        schedules = container.current().schedules
        try:
            await schedules.answer_missed(reader.actor, integration_id, export=answer == "export")
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.missed_since, self.answer = "", "export" if answer == "export" else "leave"

    def _show(self, view: ScheduleView, speech: Speech) -> None:
        timetable = view.timetable
        by_line = timetable.kind is ScheduleKind.CRON
        self.version = view.version
        self.kind = _PROPOSED_KIND if by_line else str(timetable.kind)
        self.at, self.day, self.cron_line = timetable.at, str(timetable.day), timetable.cron_line
        self.time_zone, self.zone_known = timetable.time_zone, view.zone_known
        self.missed_since = speech.instant(view.missed_since)
        self.next_runs, self.unreadable = [speech.instant(slot.due_at) for slot in view.next_slots], False

    def _timetable(self, form: dict) -> Timetable:
        """Read what is on the page; a field that is not drawn keeps what was last chosen. Raises InvalidInput."""
        typed = {name: str(form.get(name, getattr(self, name)))[:100] for name in _TYPED}
        if typed["cron_line"].strip():
            typed["kind"] = str(ScheduleKind.CRON)
        return read_timetable(**typed)
