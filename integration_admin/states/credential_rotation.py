"""Replacing, dating and removing the secrets of an integration in use.

What is typed passes through an event's argument and stays nowhere.
"""

import uuid
from collections.abc import AsyncIterator
from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import IntegrationState, Permission
from integration_admin.services import container
from integration_admin.services.credential_fields import applies
from integration_admin.services.credentials import CredentialForm, FormField, StoredSecret
from integration_admin.services.secret_expiry import Expiry, read_day, written_day
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration, shown_id
from integration_admin.states.credentials import CredentialState
from integration_admin.states.forms import FormState
from integration_admin.states.health import HealthState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.reauthentication import require_password
from integration_admin.states.speech import Speech

NEW = "new-"
"""Begins the names of this form's fields; the form with the settings has fields for the same secrets."""


class SecretRow(TypedDict):
    """One secret: what it is called, what is told of the stored one, and what was wrong with a new one."""

    field: str
    label: str
    help: str
    required: bool
    stored: str
    error: str


class RotationState(FormState, rx.State):
    """The secrets of one integration in use, and what the last change came to."""

    ready: bool = False
    """Only for an integration that is set up: a draft's secrets are the wizard's."""
    integration_id: str = ""
    version: int = 0
    rows: list[SecretRow] = []  # noqa: RUF012, Reflex copies defaults
    names: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """The secrets this form asks for, as the form with the settings calls them."""
    any_stored: bool = False
    expires_on: str = ""
    expiry: str = ""
    warning: str = ""
    working: bool = False
    failed: str = ""
    """Why new secrets were not taken."""
    done: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """The sentence about what was done last, then warnings; a new list takes the focus."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Read what is stored for the integration the address names."""
        reader = await current_reader()
        self._forget()
        self.ready, self.working, self.names = False, False, []
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return
        try:
            view = await container.current().configuration.get(reader.actor, integration_id)
            if view.state is not IntegrationState.DRAFT:
                await self._read(reader, integration_id)
        except IntegrationAdminError:
            # The form with the settings says what is wrong with the address.
            return

    @rx.event
    @requires(Permission.CONFIGURE)
    async def rotate(self, form: dict) -> AsyncIterator[rx.event.EventSpec | None]:
        """Test what was typed, and put it in the place of what is stored if that works."""
        reader = await current_reader()
        await self._begin()
        self.working = True
        yield
        integration_id = shown_id(self.integration_id)
        typed = {name.removeprefix(NEW): value for name, value in _texts(form).items() if name != NEW}
        rotation = container.current().rotation
        try:
            await require_password(self, integration_id)
            expires_on = read_day(typed.get("expires_on", ""))
            report = await rotation.rotate(reader.actor, integration_id, self.version, typed, expires_on)
            if report.passed:
                await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._mark(error, reader.speech, NEW)
            return
        finally:
            self.working = False
        if not report.passed:
            self.failed = reader.speech.say(report.message)
            return
        taken = msg("The new secrets work and are in use. {report}", report=report.message)
        self.done = [reader.speech.say(sentence) for sentence in (taken, *report.warnings)]
        self.times_told += 1
        yield await self._spread()

    @rx.event
    @requires(Permission.CONFIGURE)
    async def set_expiry(self, form: dict) -> rx.event.EventSpec | None:
        """Remember the last day the stored secrets are good."""
        reader = await current_reader()
        await self._begin()
        integration_id = shown_id(self.integration_id)
        try:
            await require_password(self, integration_id)
            expires_on = read_day(_texts(form).get("expires_on", ""))
            await container.current().expiry.set(reader.actor, integration_id, self.version, expires_on)
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._mark(error, reader.speech)
            return None
        self.done = [reader.speech.say(msg("The expiry date is saved."))]
        self.times_told += 1
        return await self._spread()

    @rx.event
    @requires(Permission.CONFIGURE)
    async def remove(self) -> rx.event.EventSpec | None:
        """Remove every stored secret."""
        reader = await current_reader()
        await self._begin()
        integration_id = shown_id(self.integration_id)
        try:
            await require_password(self, integration_id)
            await container.current().rotation.remove(reader.actor, integration_id, self.version)
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._mark(error, reader.speech)
            return None
        self.done = [reader.speech.say(msg("The secrets are removed, and nothing is exported any more."))]
        self.times_told += 1
        other = await self.get_state(CredentialState)
        other.passed, other.report = False, ""
        return await self._spread()

    async def _begin(self) -> None:
        """Forget what was told last, here and in the form with the settings: a page has one list of errors."""
        self._forget()
        other = await self.get_state(CredentialState)
        other.errors, other.refusal = [], ""

    def _forget(self) -> None:
        self._clear()
        self.failed, self.done = "", []
        for row in self.rows:
            row["error"] = ""

    def _mark(self, error: IntegrationAdminError, speech: Speech, prefix: str = "") -> None:
        """Say why nothing was done, beside the field it is about where there is one."""
        self._refuse(error, speech)
        names = {row["field"]: row for row in self.rows}
        for told in self.errors:
            if told["field"] != "own_password":
                told["field"] = prefix + told["field"]
            row = names.get(told["field"])
            if row is not None:
                row["error"] = told["message"]
                told["message"] = f"{row['label']}: {told['message']}"

    async def _read(self, reader: Reader, integration_id: uuid.UUID) -> None:
        services = container.current()
        form = await services.credentials.form(reader.actor, integration_id)
        known = await services.expiry.of(reader.actor, integration_id)
        self.integration_id, self.version = str(integration_id), form.version
        self.rows = _rows(form, reader.speech)
        self.names = [row["field"].removeprefix(NEW) for row in self.rows]
        self.any_stored = any(item.stored for item in form.fields)
        self._show(known, reader.speech)
        self.times_read += 1
        self.ready = True

    def _show(self, known: Expiry, speech: Speech) -> None:
        self.expires_on = written_day(known.expires_on)
        self.expiry = speech.say(_expiry(known, speech))
        self.warning = speech.say(known.warning)

    async def _spread(self) -> rx.event.EventSpec:
        """Let the rest of the page know: the form with the settings saves from the new version on."""
        (await self.get_state(CredentialState)).version = self.version
        return HealthState.load


def _rows(form: CredentialForm, speech: Speech) -> list[SecretRow]:
    """Return a row for each secret the present settings ask for; one of several need not be replaced."""
    settings = {item.field.name: item.value for item in form.fields if not item.field.secret}
    asked = [item for item in form.fields if item.field.secret and applies(item.field, settings)]
    return [_row(item, speech, alone=len(asked) == 1) for item in asked]


def _row(item: FormField, speech: Speech, *, alone: bool) -> SecretRow:
    missing = item.stored is None and item.field.required
    return {
        "field": f"{NEW}{item.field.name}",
        "label": speech.say(item.field.label),
        "help": speech.say(item.field.help),
        "required": alone or missing,
        "stored": speech.say(_stored(item.stored, speech)) if item.stored else "",
        "error": "",
    }


def _stored(stored: StoredSecret, speech: Speech) -> Message:
    """Say who stored a secret and when, and how it ends where that gives nothing away."""
    day, person = speech.day(stored.stored_at), speech.person(stored.stored_by)
    if stored.ending:
        return msg(
            "Stored {day} by {person}, ends in {ending}.", day=day, person=person, ending=stored.ending
        )
    return msg("Stored {day} by {person}.", day=day, person=person)


def _expiry(known: Expiry, speech: Speech) -> Message:
    if known.expires_on is None:
        return msg("No expiry date is known.")
    return msg(
        "Expires on {day}, according to {person}.",
        day=speech.day(known.expires_on),
        person=speech.person(known.told_by),
    )


def _texts(form: dict) -> dict[str, str]:
    """Return what was typed; a client may send anything."""
    return {str(name): value for name, value in form.items() if isinstance(value, str)}
