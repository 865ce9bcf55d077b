"""The field mapping editor: rows to draw, suggestions, warnings to accept, saving."""

import uuid
from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import AdapterError, IntegrationAdminError
from integration_admin.core.messages import Message
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.config_validator import Finding
from integration_admin.services.mapping_form import (
    COMPOSE,
    CONSTANT,
    category_rows,
    mapping_of,
    target_rows,
)
from integration_admin.services.mapping_words import origin_label
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration, asked_word
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.wizard import STEPS, step_address

_LISTED = 400


class CategoryLine(TypedDict):
    """One category and the account it goes to."""

    name: str
    category: str
    code: str
    suggested: bool
    warning: str


class TargetLine(TypedDict):
    """One target field and where its value comes from."""

    name: str
    label: str
    help: str
    required: bool
    origin: str
    value: str
    origins: list[tuple[str, str]]
    list_id: str
    usual: bool
    warning: str


class MappingState(FormState, rx.State):
    """The editor of one integration's mapping."""

    ready: bool = False
    integration_id: str = ""
    version: int = 0
    in_wizard: bool = False
    categories: list[CategoryLine] = []  # noqa: RUF012, Reflex copies defaults
    targets: list[TargetLine] = []  # noqa: RUF012, Reflex copies defaults
    others: list[TargetLine] = []  # noqa: RUF012, Reflex copies defaults
    """Fields few organisations fill, drawn behind a line that opens them."""
    chosen: dict[str, str] = {}  # noqa: RUF012, Reflex copies defaults
    """Where each field's value comes from as chosen now, so that a value is asked for only where one counts."""
    accounts: list[tuple[str, str]] = []  # noqa: RUF012, Reflex copies defaults
    warnings: list[str] = []  # noqa: RUF012, Reflex copies defaults
    saved: bool = False

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Read the mapping, and the accounting system's lists if they were never read."""
        reader = await current_reader()
        self._clear()
        self.ready, self.warnings, self.saved = False, [], False
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return
        self.in_wizard = self.router.url.path.rstrip("/").endswith("/new")
        self.integration_id = str(integration_id)
        try:
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.times_read += 1
        self.ready = True

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load_in_wizard(self) -> rx.event.EventSpec | None:
        """Read the mapping only on its own step: it asks the accounting system for its accounts."""
        asked = asked_word(self.router.url, "step", STEPS)
        return MappingState.load if asked == "mapping" else None

    @rx.event
    @requires(Permission.CONFIGURE)
    async def choose(self, name: str, origin: str) -> None:
        """Remember where a field's value comes from, so that the page can ask for it."""
        if str(name) in self.chosen:
            self.chosen[str(name)] = str(origin)[:64]

    @rx.event
    @requires(Permission.CONFIGURE)
    async def save(self, form: dict) -> rx.event.EventSpec | None:
        """Save the mapping; warnings are shown first and saved past only when they are accepted."""
        reader = await current_reader()
        self._clear()
        self.saved = False
        integration_id = uuid.UUID(self.integration_id)
        mappings = container.current().mappings
        typed = {str(name): str(value) for name, value in form.items()}
        try:
            editor = await mappings.editor(reader.actor, integration_id)
            result = await mappings.save(
                reader.actor,
                integration_id,
                self.version,
                mapping_of(typed, editor.targets),
                accept_warnings=form.get("accept_warnings") in {True, "true", "on"},
            )
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            self._point_at_fields()
            return None
        self.version = result.version
        self.warnings = [reader.speech.say(finding.message) for finding in result.findings]
        if not result.saved:
            self._mark(result.findings, reader)
            return None
        self.saved, self.warnings = True, []
        return rx.redirect(step_address(integration_id, "schedule")) if self.in_wizard else None

    @rx.event
    @requires(Permission.CONFIGURE)
    async def refresh(self) -> None:
        """Read the accounting system's lists anew; what has been typed stays, and so does its version."""
        reader = await current_reader()
        self._clear()
        integration_id = uuid.UUID(self.integration_id)
        version, chosen = self.version, dict(self.chosen)
        try:
            await container.current().mappings.refresh(reader.actor, integration_id)
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.version, self.chosen = version, self.chosen | chosen

    async def _read(self, reader: Reader, integration_id: uuid.UUID) -> None:
        mappings = container.current().mappings
        editor = await mappings.editor(reader.actor, integration_id)
        if not editor.reference_counts:
            try:
                await mappings.refresh(reader.actor, integration_id)
            except AdapterError as error:
                # What is stored can be shown all the same, and the lists be read later.
                self._refuse(error, reader.speech)
            editor = await mappings.editor(reader.actor, integration_id)
        suggestions = await mappings.suggestions(reader.actor, integration_id)
        accounts = await mappings.search(reader.actor, integration_id, "accounts", "", _LISTED)
        self.version = editor.version
        self.accounts = [(item.code, item.name) for item in accounts if item.open and item.posting]
        self.categories = [
            {
                "name": f"map:{row.target}:{row.category}",
                "category": row.category,
                "code": row.code,
                "suggested": row.suggested,
                "warning": "",
            }
            for row in category_rows(editor.targets, editor.mapping, editor.categories, suggestions)
        ]
        rows: list[TargetLine] = [
            {
                "name": row.target.name,
                "label": reader.speech.say(row.target.label),
                "help": reader.speech.say(row.target.help),
                "required": row.target.required,
                "origin": row.origin,
                "value": row.value,
                "origins": [(name, reader.speech.say(origin_label(name))) for name in row.origins],
                "list_id": "accounts" if row.target.reference == "accounts" else "",
                "usual": row.usual,
                "warning": "",
            }
            for row in target_rows(editor.targets, editor.mapping, editor.reference_counts)
        ]
        self.targets = [row for row in rows if row["usual"]]
        self.others = [row for row in rows if not row["usual"]]
        self.chosen = {row["name"]: row["origin"] for row in rows}

    def _point_at_fields(self) -> None:
        """Link each error to the part of the form that is about its target field, and tell it there too."""
        wrong = {error["field"].removeprefix("value:"): error["message"] for error in self.errors}
        for row in [*self.targets, *self.others]:
            row["warning"] = wrong.get(row["name"], "")
        places = {name: _place(name, origin) for name, origin in self.chosen.items()}
        # A table of categories has no field of its own.
        places |= {line["name"].split(":", 2)[1]: line["name"] for line in reversed(self.categories)}
        self.errors = [
            {"field": places.get(name, name), "message": sentence} for name, sentence in wrong.items()
        ]

    def _mark(self, findings: tuple[Finding, ...], reader: Reader) -> None:
        """Put each warning beside the field it is about."""
        about: dict[tuple[str, str], Message] = {
            (finding.target, finding.source_value): finding.message for finding in findings
        }
        for line in self.categories:
            _, target, category = line["name"].split(":", 2)
            line["warning"] = reader.speech.say(about.get((target, category)))
        for row in [*self.targets, *self.others]:
            row["warning"] = reader.speech.say(about.get((row["name"], "")))


def _place(name: str, origin: str) -> str:
    """Return the id of the field a target's value is written in or, where nothing is written, chosen by."""
    return f"value:{name}" if origin in {CONSTANT, COMPOSE} else f"from:{name}"
