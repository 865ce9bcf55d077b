"""The field mapping editor: rows to draw, suggestions, warnings to accept, saving."""

import uuid
from typing import Any

import reflex as rx

from integration_admin.core.errors import AdapterError, IntegrationAdminError
from integration_admin.core.messages import Message
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.config_validator import Finding
from integration_admin.services.mapping_form import (
    ACCOUNTS,
    category_rows,
    is_category_map,
    mapping_of,
    target_rows,
    wants_suggestions,
)
from integration_admin.services.mappings import MappingEditor
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration, asked_word, shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.mapping_lines import (
    CategoryLine,
    TargetLine,
    category_line,
    kept_lines,
    place_of,
    target_line,
    with_name,
)
from integration_admin.states.mapping_versions import (
    MappingVersionsState,
    ask_about,
    known_number,
    start_over,
    tell_refusal,
    tell_restored,
)
from integration_admin.states.preview import PreviewState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.wizard import STEPS, step_address

_OFFERED = 20
_LONGEST_SEARCH = 100


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
    offered: list[tuple[str, str]] = []  # noqa: RUF012, Reflex copies defaults
    """Codes and names the field with the focus offers: lists are searched here, they may be very long."""
    warnings: list[str] = []  # noqa: RUF012, Reflex copies defaults
    saved: bool = False
    asked_row: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """The field the address leads to (`?row=`), which takes the focus; none for none."""
    back: str = ""
    """Where the address says that somebody came from (`?back=`): a page of this integration."""
    mapped_by_category: str = ""
    """The target field that is filled by the table from category to account."""
    _search_failed: bool = False

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
        self.asked_row, self.back = _asked_from(self.router.url, integration_id)
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
    async def type_own(self, name: str) -> None:
        """Take it that what stands in a category's field is no suggestion any more, but somebody's own."""
        for line in self.categories:
            if line["name"] == str(name) and line["suggested"]:
                line["suggested"], line["account"] = False, ""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def search(self, list_name: str, words: str) -> None:
        """Offer what the typed words may mean in a list of the accounting system."""
        reader = await current_reader()
        if not self.integration_id:
            return
        try:
            found = await container.current().mappings.search(
                reader.actor,
                shown_id(self.integration_id),
                str(list_name)[:_LONGEST_SEARCH],
                str(words)[:_LONGEST_SEARCH],
                _OFFERED,
                usable_only=True,
            )
        except IntegrationAdminError as error:
            # What is typed stays, and nothing that was offered for other words stands under it.
            self.offered, self._search_failed = [], True
            self.refusal = reader.speech.say(error.message)
            return
        if self._search_failed:
            self.refusal, self._search_failed = "", False
        self.offered = [(item.code, item.name) for item in found]

    @rx.event
    @requires(Permission.CONFIGURE)
    async def save(self, form: dict) -> list[rx.event.EventSpec] | None:
        """Save the mapping; warnings are shown first and saved past only when they are accepted."""
        reader = await current_reader()
        self._clear()
        self.saved = False
        integration_id = shown_id(self.integration_id)
        mappings = container.current().mappings
        typed = {str(name): str(value) for name, value in form.items()}
        try:
            editor = await mappings.editor(reader.actor, integration_id)
            result = await mappings.save(
                reader.actor,
                integration_id,
                self.version,
                mapping_of(typed, editor.targets),
                accept_warnings=form.get("accept_warnings") in (True, "true", "on"),
            )
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            self._point_at_fields()
            return None
        self.version = result.version
        self.warnings = [reader.speech.say(finding.message) for finding in result.findings]
        if not result.saved:
            self._mark(result.findings, reader)
            self.times_told += 1
            return None
        self.saved, self.warnings = True, []
        if self.in_wizard:
            return [rx.redirect(step_address(integration_id, "schedule"))]
        self._tell_saved(await mappings.editor(reader.actor, integration_id))
        return [PreviewState.load(), MappingVersionsState.load()]

    @rx.event
    @requires(Permission.CONFIGURE)
    async def restore(self, number: int, accept: bool) -> list[rx.event.EventSpec] | None:  # noqa: FBT001, Reflex hands over positions
        """Go back to an earlier version; what is typed gives way to it, and warnings ask to be accepted first."""
        reader = await current_reader()
        earlier = await self.get_state(MappingVersionsState)
        self._clear()
        start_over(earlier)
        self.saved, self.warnings = False, []
        if not self.ready:
            return None
        integration_id = shown_id(self.integration_id)
        try:
            result = await container.current().mapping_versions.restore(
                reader.actor,
                integration_id,
                known_number(number),
                self.version,
                accept_warnings=accept is True,
            )
            if result.saved:
                await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            tell_refusal(earlier, error, reader.speech)
            return None
        if not result.saved:
            ask_about(earlier, number, result.findings, reader.speech)
            return None
        self.times_read += 1
        tell_restored(earlier, number, reader.speech)
        return [PreviewState.load(), MappingVersionsState.load()]

    @rx.event
    @requires(Permission.CONFIGURE)
    async def refresh(self) -> None:
        """Read the accounting system's lists anew; what has been typed stays, and so does its version."""
        reader = await current_reader()
        self._clear()
        integration_id = shown_id(self.integration_id)
        version, chosen = self.version, dict(self.chosen)
        before = {line["name"]: CategoryLine(**line) for line in self.categories}
        try:
            await container.current().mappings.refresh(reader.actor, integration_id)
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.version, self.chosen = version, self.chosen | chosen
        self.categories = kept_lines(before, self.categories)

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
        wanted = wants_suggestions(editor.targets, editor.mapping)
        suggestions = await mappings.suggestions(reader.actor, integration_id) if wanted else {}
        self.version = editor.version
        accounts = dict(editor.names.get(ACCOUNTS, {}))
        if suggestions:
            accounts |= await mappings.names(reader.actor, integration_id, ACCOUNTS, suggestions.values())
        self.categories = [
            category_line(row, reader.speech, with_name(row.code, accounts))
            for row in category_rows(editor.targets, editor.mapping, editor.categories, suggestions)
        ]
        rows = [
            target_line(
                row, reader.speech, with_name(row.value, editor.names.get(row.target.reference or "", {}))
            )
            for row in target_rows(editor.targets, editor.mapping, editor.reference_counts)
        ]
        self.mapped_by_category = next(filter(is_category_map, editor.targets)).name
        self.targets = [row for row in rows if row["usual"]]
        self.others = [row for row in rows if not row["usual"]]
        self.chosen = {row["name"]: row["origin"] for row in rows}

    def _tell_saved(self, editor: MappingEditor) -> None:
        """Say beside each field what is saved for it now."""
        for line in self.categories:
            _, target, category = line["name"].split(":", 2)
            saved = editor.mapping.get(target)
            code = saved.values.get(category, "") if saved else ""
            line["suggested"], line["account"] = False, with_name(code, editor.names.get(ACCOUNTS, {}))
        for row in [*self.targets, *self.others]:
            field = editor.mapping.get(row["name"])
            code = (field.constant or "") if field else ""
            row["account"] = with_name(code, editor.names.get(row["reference"], {}))

    def _point_at_fields(self) -> None:
        """Link each error to the part of the form that is about its target field, and tell it there too."""
        wrong = {error["field"].removeprefix("value:"): error["message"] for error in self.errors}
        for row in [*self.targets, *self.others]:
            row["warning"] = wrong.get(row["name"], "")
        places = {name: place_of(name, origin) for name, origin in self.chosen.items()}
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


def _asked_from(url: Any, integration_id: uuid.UUID) -> tuple[list[str], str]:
    """Return the field an address leads to, and the page of the same integration it leads back to."""
    row, back = (str(url.query_parameters.get(name, ""))[:300] for name in ("row", "back"))
    own = f"/settings/integrations/{integration_id}/failures"
    return [row] if row else [], back if back == own or back.startswith(f"{own}?") else ""
