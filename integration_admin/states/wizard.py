"""The setup wizard: which step of which draft is shown. Each step's own memory is in its own state."""

import uuid
from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.statuses import IntegrationState, Permission
from integration_admin.services import container
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_id, asked_word, shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader

STEPS = ("type", "credentials", "mapping", "schedule", "review")


class TypeChoice(TypedDict):
    """One type that can be added."""

    kind: str
    label: str


async def type_choices(reader: Reader) -> list[TypeChoice]:
    """Return the types the reader's organisation may add."""
    available = await container.current().types.available(reader.actor)
    return [{"kind": known.kind, "label": reader.speech.say(known.label)} for known in available]


def step_address(integration_id: object, step: str) -> str:
    """Return the address of one step of a draft."""
    return f"/settings/integrations/new?id={integration_id}&step={step}"


class WizardState(FormState, rx.State):
    """Where in the wizard somebody is; the address says it too, so a reload comes back here."""

    ready: bool = False
    step: str = "type"
    number: int = 1
    integration_id: str = ""
    version: int = 0
    name: str = ""
    type_label: str = ""
    tested_entity: str = ""
    tested: bool = False
    schedule: str = ""
    next_run: str = ""
    mapped: int = 0
    types: list[TypeChoice] = []  # noqa: RUF012, Reflex copies defaults
    begun: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """The type and the id of a draft that nobody has come to yet."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> rx.event.EventSpec | None:
        """Show the step the address names, or the choice of type; only what that step needs is read."""
        reader = await current_reader()
        self._clear()
        self.ready, self.begun = False, []
        integration_id = asked_id(self.router.url.query_parameters.get("id", ""))
        if integration_id is None:
            self.integration_id = ""
            return await self._choose_among(reader)
        try:
            view = await container.current().configuration.get(reader.actor, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return await self._choose_among(reader)
        if view.state is not IntegrationState.DRAFT:
            return rx.redirect(f"/settings/integrations/{view.id}", replace=True)
        self.step = asked_word(self.router.url, "step", STEPS)
        self.number = STEPS.index(self.step) + 1
        self.integration_id = str(view.id)
        self.version, self.name = view.version, view.name
        self.type_label = reader.speech.say(view.label)
        self.tested = view.tested_at is not None
        self.tested_entity = view.tested_entity if self.tested else ""
        if self.step == "type":
            return await self._choose_among(reader)
        if self.step == "review":
            await self._load_review(integration_id)
        self.times_read += 1
        self.ready = True
        return None

    @rx.event
    @requires(Permission.CONFIGURE)
    async def choose_type(self, kind: str) -> rx.event.EventSpec | None:
        """Begin a draft of a type; whoever presses twice in a hurry comes to one draft."""
        reader = await current_reader()
        self._clear()
        if self.begun[:1] == [kind]:
            return rx.redirect(step_address(self.begun[1], "credentials"), replace=True)
        try:
            integration_id = await container.current().configuration.begin(reader.actor, str(kind))
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        self.begun = [kind, str(integration_id)]
        return rx.redirect(step_address(integration_id, "credentials"))

    @rx.event
    @requires(Permission.CONFIGURE)
    async def save(self, form: dict) -> rx.event.EventSpec | None:
        """Finish: turn the draft into an active integration, or an untested one into a paused one, and show it."""
        reader = await current_reader()
        self._clear()
        integration_id = shown_id(self.integration_id)
        name, reason = str(form.get("name", "")), str(form.get("reason", ""))
        configuration = container.current().configuration
        try:
            if self.tested:
                await configuration.save(reader.actor, integration_id, self.version, name)
            else:
                await configuration.save_untested(reader.actor, integration_id, self.version, name, reason)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        return rx.redirect(f"/settings/integrations/{integration_id}")

    async def _choose_among(self, reader: Reader) -> None:
        """Show the first step, with the types there are to choose."""
        self.step, self.number = STEPS[0], 1
        self.types = await type_choices(reader)
        self.ready = True

    async def _load_review(self, integration_id: uuid.UUID) -> None:
        reader = await current_reader()
        services = container.current()
        schedule = await services.schedules.get(reader.actor, integration_id)
        editor = await services.mappings.editor(reader.actor, integration_id)
        self.schedule = str(schedule.timetable.kind) if schedule.saved else ""
        first = schedule.next_slots[0].due_at if schedule.next_slots else None
        self.next_run = reader.speech.instant(first)
        self.mapped = len(editor.mapping)
