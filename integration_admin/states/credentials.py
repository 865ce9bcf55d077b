"""The credential form. What is typed passes through an event's argument into the vault and stays nowhere else."""

import uuid
from collections.abc import AsyncIterator, Mapping
from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.connection_report import TestReport
from integration_admin.services.credentials import FormField
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration, shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.reader import current_reader
from integration_admin.states.reauthentication import require_password
from integration_admin.states.speech import Speech


class CredentialRow(TypedDict):
    """One field of the form; the value of a secret is always empty."""

    name: str
    label: str
    help: str
    masked: bool
    multiline: bool
    required: bool
    value: str
    stored: str
    options: list[tuple[str, str]]
    listed: bool
    """Whether the options are what a connection test found, so that none of them need be chosen yet."""
    only_when_field: str
    only_when_value: str
    error: str


class CredentialState(FormState, rx.State):
    """The form of one integration, and what its last test said."""

    ready: bool = False
    integration_id: str = ""
    kind: str = ""
    describable: bool = False
    """Whether the form can be filled in from the interface's own description."""
    version: int = 0
    rows: list[CredentialRow] = []  # noqa: RUF012, Reflex copies defaults
    chosen: dict[str, str] = {}  # noqa: RUF012, Reflex copies defaults
    """What is chosen in the plain fields, so that fields which depend on it can show."""
    testing: bool = False
    passed: bool = False
    report: str = ""
    warnings: list[str] = []  # noqa: RUF012, Reflex copies defaults
    undecided: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """The fields in which something must be chosen before the test can pass; the first takes the focus."""
    _found: dict[str, list[tuple[str, str]]] = {}  # noqa: RUF012, Reflex copies defaults
    """What the last tests of this integration found to choose from, by field."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Read the form of the integration the address names."""
        reader = await current_reader()
        self._clear()
        # The tab may have shown another integration before.
        self.ready, self.passed, self.testing, self.report, self.warnings = False, False, False, "", []
        self.undecided = []
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return
        if str(integration_id) != self.integration_id:
            self._found = {}
        await self._read(integration_id, reader.speech)
        self.times_read += 1

    @rx.event
    @requires(Permission.CONFIGURE)
    async def choose(self, name: str, value: str) -> None:
        """Remember what is chosen in a plain field; secrets never come here."""
        if any(row["name"] == name and not row["masked"] for row in self.rows):
            self.chosen[str(name)] = str(value)[:100]

    @rx.event
    @requires(Permission.CONFIGURE)
    async def store_and_test(self, form: dict) -> AsyncIterator[None]:
        """Seal what was typed, then sign in with it and tell what happened."""
        reader = await current_reader()
        self._clear()
        self.report, self.warnings, self.passed, self.testing = "", [], False, True
        self.undecided = []
        yield
        integration_id = shown_id(self.integration_id)
        typed = {str(name): str(value) for name, value in form.items() if isinstance(value, str)}
        services = container.current().credentials
        try:
            if await services.changes(reader.actor, integration_id, typed):
                await require_password(self, integration_id)
            self.version = await services.store(reader.actor, integration_id, self.version, typed)
            found = await services.test(reader.actor, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            self._mark()
        else:
            self._tell(found, reader.speech)
            await self._read(integration_id, reader.speech)
        finally:
            self.testing = False

    def _tell(self, found: TestReport, speech: Speech) -> None:
        """Show what a test found, and keep what there is to choose from."""
        self.passed, self.report = found.passed, speech.say(found.message)
        self.warnings = [speech.say(warning) for warning in found.warnings]
        self.undecided = list(found.undecided)
        self.times_told += 1
        self._found |= {
            name: [(option.value, option.text) for option in options] for name, options in found.found.items()
        }

    def _mark(self) -> None:
        """Put each error beside its field, and the field's label into the summary.

        The version and what is chosen stay as they were read and typed.
        """
        wrong = {error["field"]: error["message"] for error in self.errors}
        for row in self.rows:
            row["error"] = wrong.get(row["name"], "")
        labels = {row["name"]: row["label"] for row in self.rows}
        self.errors = [
            {"field": name, "message": f"{labels[name]}: {sentence}" if name in labels else sentence}
            for name, sentence in wrong.items()
        ]

    async def _read(self, integration_id: uuid.UUID, speech: Speech) -> None:
        reader = await current_reader()
        try:
            form = await container.current().credentials.form(reader.actor, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, speech)
            return
        self.integration_id, self.version = str(integration_id), form.version
        self.kind, self.describable = form.kind, form.describable
        self.rows = [self._row(item, speech) for item in form.fields]
        self.chosen = {item.field.name: item.value for item in form.fields if not item.field.secret}
        if form.tested_at is not None and not self.report:
            self.passed = True
            self.report = speech.say(msg("Connected to {entity}.", entity=form.tested_entity))
        self.ready = True

    def _row(self, item: FormField, speech: Speech) -> CredentialRow:
        row = _row(item, speech)
        found = self._found.get(row["name"]) or ([tuple(item.named)] if item.named else [])
        if found and not row["masked"]:
            row |= {"options": found, "listed": True, "required": True}
        if row["name"] in self.undecided:
            row["error"] = speech.say(msg("Choose one of the options."))
        return row


def fill(state: CredentialState, settings: Mapping[str, str]) -> None:
    """Show proposed values in the plain fields; secrets stay as they are, and nothing is stored.

    Not a method: every public method of a state can be called from the browser.
    """
    for row in state.rows:
        if row["name"] in settings and not row["masked"]:
            row["value"] = settings[row["name"]]
            state.chosen[row["name"]] = row["value"]
    state.times_read += 1


def _row(item: FormField, speech: Speech) -> CredentialRow:
    field = item.field
    when = field.only_when or ("", "")
    return {
        "name": field.name,
        "label": speech.say(field.label),
        "help": speech.say(field.help),
        "masked": field.secret,
        "multiline": field.multiline,
        "required": field.required,
        "value": item.value,
        "stored": _stored(item, speech),
        "options": [(choice.value, speech.say(choice.label)) for choice in field.choices],
        "listed": False,
        "only_when_field": when[0],
        "only_when_value": when[1],
        "error": "",
    }


def _stored(item: FormField, speech: Speech) -> str:
    """Say that a secret is stored, by whom and when, and how it ends where that gives nothing away."""
    if item.stored is None:
        return ""
    at, by = speech.instant(item.stored.stored_at), speech.person(item.stored.stored_by)
    if item.stored.ending:
        return speech.say(
            msg(
                "Stored {at} by {person}, ends in {ending}. Leave empty to keep it.",
                at=at,
                person=by,
                ending=item.stored.ending,
            )
        )
    return speech.say(msg("Stored {at} by {person}. Leave empty to keep it.", at=at, person=by))
